"""How the features behind stored scores are built, from the bundles that gave them."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from features.schema import FeatureSpec
from models.bundle import bundles_folder, read_spec
from models.keys import public_keys


@lru_cache(maxsize=8)
def spec_of(home: Path, fingerprint: str) -> FeatureSpec | None:
    """Return the specification in a bundle; None where the bundle is gone. BundleError for an altered one."""
    folder = bundles_folder(home) / fingerprint
    if not folder.is_dir():
        return None
    return read_spec(folder, public_keys(home), fingerprint=fingerprint)
