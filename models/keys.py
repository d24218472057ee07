"""The Ed25519 key that signs bundles, and the public keys that a server trusts."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Sequence
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from models.errors import KeyFileError


def signing_key(home: Path) -> Ed25519PrivateKey:
    """Return the key that signs this installation's bundles; made at first use, readable by its owner only.

    The public half is written to {home}/keys/public, which is all that a server needs.
    """
    path = home / "keys" / "signing.pem"
    if not path.exists():
        _make(path)
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise KeyFileError(f"{path} must be readable by its owner only (mode 0600)")
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except ValueError as error:
        raise KeyFileError(f"{path} holds no PEM private key") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyFileError(f"{path} holds a {type(key).__name__}, not an Ed25519 key")
    publish(home, key.public_key())
    return key


def publish(home: Path, key: Ed25519PublicKey) -> Path:
    """Add a public key to those that this installation trusts; its file is named by its id."""
    path = home / "keys" / "public" / f"{key_id(key)}.pem"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        pem = key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        _replace(path, pem, 0o644)
    return path


def public_keys(home: Path) -> list[Ed25519PublicKey]:
    """Return every public key under {home}/keys/public; none where the folder is missing."""
    keys = []
    for path in sorted((home / "keys" / "public").glob("*.pem")):
        try:
            key = serialization.load_pem_public_key(path.read_bytes())
        except ValueError as error:
            raise KeyFileError(f"{path} holds no PEM public key") from error
        if not isinstance(key, Ed25519PublicKey):
            raise KeyFileError(f"{path} holds a {type(key).__name__}, not an Ed25519 key")
        keys.append(key)
    return keys


def key_id(key: Ed25519PublicKey) -> str:
    """Name a public key by the first 16 hex digits of its SHA-256."""
    raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return hashlib.sha256(raw).hexdigest()[:16]


def is_signed(content: bytes, signature: bytes, keys: Sequence[Ed25519PublicKey]) -> bool:
    """Say whether one of the keys made this signature of the content."""
    for key in keys:
        try:
            key.verify(signature, content)
        except InvalidSignature:
            continue
        return True
    return False


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    pem = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    # A link, unlike a rename, fails where another process was first: its key stays.
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    _write(fresh, pem, 0o600)
    try:
        os.link(fresh, path)
    except FileExistsError:
        return
    finally:
        fresh.unlink()


def _replace(path: Path, content: bytes, mode: int) -> None:
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    _write(fresh, content, mode)
    fresh.replace(path)


def _write(path: Path, content: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
