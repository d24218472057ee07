"""Models travel as data: a signed folder of LightGBM text and JSON, verified before anything is parsed."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from features.schema import FeatureSpec
from features.terms import Direction
from models.calibration import Platt
from models.errors import BundleError, UntrustedKey
from models.hazards import FILES as HAZARD_FILES
from models.hazards import HazardModel
from models.keys import is_signed, key_id
from models.reference import Reference
from models.risk_model import RiskModel

FORMAT = 1
MANIFEST, SIGNATURE = "manifest.json", "manifest.sig"
FILES = ("model.txt", "features.json", "calibration.json", "reference.json", "model_card.json", "gates.json")
NAMES = "names.json"
"""The editions that read declared names; a bundle whose model reads none has no such file."""
OPTIONAL = frozenset({NAMES, *HAZARD_FILES})
"""Files that a bundle may hold besides; its manifest names those that it does."""
_LARGEST_FILE = 1 << 30
_LARGEST_MANIFEST = 1 << 20


def bundles_folder(home: Path) -> Path:
    """Return where an installation keeps its bundles, each in a folder named by its fingerprint."""
    return home / "bundles"


def write_bundle(
    model: RiskModel,
    folder: Path,
    manifest_extra: Mapping[str, Any],
    signing_key: Ed25519PrivateKey,
    *,
    gates: Mapping[str, Any],
    model_card: Mapping[str, Any],
) -> str:
    """Write the model to a new or empty folder, sign it and return its fingerprint.

    The fingerprint is the SHA-256 of manifest.json in hex, and so of everything in the bundle. `gates` is
    the gate report; its boolean `passed` decides whether the bundle may be promoted without force. Refuses
    a folder that already holds something.
    """
    if not isinstance(gates.get("passed"), bool):
        raise BundleError(f"the gate report must say passed: true or false, not {gates.get('passed')!r}")
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise BundleError(f"{folder} must be empty to write a bundle into it")
    contents = {**_parts(model), "model_card.json": _json(model_card), "gates.json": _json(gates)}
    manifest = _json(
        {
            "format": FORMAT,
            "target": str(model.target),
            "key": key_id(signing_key.public_key()),
            "files": {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()},
            "extra": dict(manifest_extra),
        }
    )
    signature = signing_key.sign(manifest).hex().encode()
    for name, content in {**contents, MANIFEST: manifest, SIGNATURE: signature}.items():
        _write(folder / name, content)
    return hashlib.sha256(manifest).hexdigest()


def _parts(model: RiskModel) -> dict[str, bytes]:
    spec = model.feature_spec.to_dict()
    names = spec.pop("name_risk")
    editions = {NAMES: json.dumps(names, ensure_ascii=False).encode()} if names["editions"] else {}
    return {
        **editions,
        **model.hazards.to_parts(),
        "model.txt": model.text.encode(),
        "features.json": _json(spec),
        "calibration.json": _json(_calibration_dict(model)),
        "reference.json": _json(model.reference.to_dict()),
    }


def store_bundle(
    model: RiskModel,
    home: Path,
    manifest_extra: Mapping[str, Any],
    signing_key: Ed25519PrivateKey,
    *,
    gates: Mapping[str, Any],
    model_card: Mapping[str, Any],
) -> str:
    """Write the model to {home}/bundles/{fingerprint}, whole or not at all, and return the fingerprint."""
    parent = bundles_folder(home)
    parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=".new-", dir=parent))
    try:
        fingerprint = write_bundle(
            model, fresh, manifest_extra, signing_key, gates=gates, model_card=model_card
        )
        fresh.chmod(0o755)
        if not (parent / fingerprint).exists():
            fresh.rename(parent / fingerprint)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return fingerprint


def read_bundle(
    folder: Path, public_keys: Sequence[Ed25519PublicKey], *, fingerprint: str | None = None
) -> RiskModel:
    """Read a model whose every byte is signed by one of the keys; nothing is parsed before that is known.

    `fingerprint` is the one that whoever asked expects. Missing, unknown, oversized or altered files,
    links, unknown keys and other fingerprints raise BundleError.
    """
    contents = verified_contents(folder, public_keys, fingerprint=fingerprint)
    manifest = json.loads(contents[MANIFEST])
    try:
        calibration = json.loads(contents["calibration.json"])
        return RiskModel(
            target=manifest["target"],
            feature_spec=_spec(contents),
            booster=contents["model.txt"].decode(),
            calibrations={Direction(way): Platt(**line) for way, line in calibration["directions"].items()},
            reference=Reference.from_dict(json.loads(contents["reference.json"])),
            hazards=HazardModel.from_parts(contents),
            fingerprint=hashlib.sha256(contents[MANIFEST]).hexdigest(),
            card=json.loads(contents["model_card.json"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BundleError(f"{folder} is signed but cannot be read: {error!r}") from error


def read_spec(
    folder: Path, public_keys: Sequence[Ed25519PublicKey], *, fingerprint: str | None = None
) -> FeatureSpec:
    """Read how a bundle's features are built, without its trees; errors as for `read_bundle`."""
    try:
        return _spec(verified_contents(folder, public_keys, fingerprint=fingerprint))
    except (KeyError, TypeError, ValueError) as error:
        raise BundleError(f"{folder} is signed but cannot be read: {error!r}") from error


def _spec(contents: Mapping[str, bytes]) -> FeatureSpec:
    spec = json.loads(contents["features.json"])
    return FeatureSpec.from_dict(
        spec | ({"name_risk": json.loads(contents[NAMES])} if NAMES in contents else {})
    )


def verified_contents(
    folder: Path, public_keys: Sequence[Ed25519PublicKey], *, fingerprint: str | None = None
) -> dict[str, bytes]:
    """Return the bytes of every file of a bundle, after signature and hashes were verified on those very
    bytes."""
    present = _file_names(folder)
    manifest = _read(folder / MANIFEST, _LARGEST_MANIFEST)
    found = hashlib.sha256(manifest).hexdigest()
    if fingerprint is not None and found != fingerprint:
        raise BundleError(f"{folder} holds the bundle {found}, not {fingerprint}")
    if not is_signed(manifest, _signature(folder), public_keys):
        raise UntrustedKey(f"{folder} is signed by none of the {len(public_keys)} keys trusted here")
    hashes = _hashes(folder, manifest, present)
    contents = {MANIFEST: manifest}
    for name in hashes:
        contents[name] = _read(folder / name, _LARGEST_FILE)
        if hashlib.sha256(contents[name]).hexdigest() != hashes[name]:
            raise BundleError(f"{folder / name} was altered: its SHA-256 is not the one signed", field=name)
    return contents


def _hashes(folder: Path, manifest: bytes, present: set[str]) -> dict[str, str]:
    try:
        told = json.loads(manifest)
        form, hashes = told["format"], dict(told["files"])
    except (KeyError, TypeError, ValueError) as error:
        raise BundleError(f"{folder / MANIFEST} is not a manifest: {error!r}") from error
    if form != FORMAT:
        raise BundleError(f"{folder} has bundle format {form!r}; this version reads {FORMAT}")
    if set(hashes) != present:
        raise BundleError(f"{folder / MANIFEST} names {sorted(hashes)} instead of {sorted(present)}")
    return hashes


def _file_names(folder: Path) -> set[str]:
    """Return the names of the files that the manifest must name; refuses folders that lack or hold others."""
    if not folder.is_dir():
        raise BundleError(f"{folder} is not a folder")
    present, expected = {entry.name for entry in folder.iterdir()}, {*FILES, MANIFEST, SIGNATURE}
    if present - OPTIONAL != expected:
        missing, extra = sorted(expected - present), sorted(present - expected - OPTIONAL)
        raise BundleError(f"{folder} lacks {missing} and holds {extra} that no bundle of this version has")
    return present - {MANIFEST, SIGNATURE}


def _signature(folder: Path) -> bytes:
    try:
        return bytes.fromhex(_read(folder / SIGNATURE, 1024).decode())
    except ValueError as error:
        raise BundleError(f"{folder / SIGNATURE} is not a signature in hex") from error


def _read(path: Path, largest: int) -> bytes:
    if path.is_symlink() or not path.is_file():
        raise BundleError(f"{path} must be a plain file")
    if path.stat().st_size > largest:
        raise BundleError(f"{path} has {path.stat().st_size} bytes; at most {largest} are read")
    return path.read_bytes()


def _write(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _calibration_dict(model: RiskModel) -> dict[str, Any]:
    lines = model.calibrations.items()
    return {
        "directions": {str(way): {"slope": line.slope, "intercept": line.intercept} for way, line in lines}
    }


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1, allow_nan=False).encode()
