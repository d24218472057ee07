"""Bearer tokens: 256 random bits for the caller, their SHA-256 for us."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

PREFIX = "cr_"


@dataclass(frozen=True, slots=True)
class StoredToken:
    """What we keep of a token; `scopes` are names of `Scope`, instants are microseconds UTC."""

    id: str
    name: str
    scopes: frozenset[str]
    created_at: int
    revoked_at: int | None = None


def new_secret() -> str:
    """Draw a token; it is shown once and never stored."""
    return PREFIX + secrets.token_urlsafe(32)


def digest_of(secret: str) -> str:
    """Return the SHA-256 by which a token is found; 256 random bits need no salt."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
