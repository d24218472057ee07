"""How the features behind stored scores are built, from the bundles that gave them."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from features.schema import FeatureSpec
from models.bundle import bundles_folder, read_spec
from models.keys import public_keys


def spec_of(home: Path, fingerprint: str) -> FeatureSpec | None:
    """Return the specification in a bundle; None where the bundle is gone. BundleError for an altered one."""
    return _read(home, fingerprint) if (bundles_folder(home) / fingerprint).is_dir() else None


@lru_cache(maxsize=8)
def _read(home: Path, fingerprint: str) -> FeatureSpec:
    folder = bundles_folder(home) / fingerprint
    return read_spec(folder, public_keys(home), fingerprint=fingerprint)
