"""From a bearer token to the caller who holds it."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError

from features.instants import now
from serving.accounts.scopes import Scope
from serving.accounts.token import StoredToken, digest_of, new_secret
from serving.errors import AccountError, InvalidName, UnknownScope
from serving.storage import tokens as storage
from serving.storage.transactions import writing

_REMEMBERED = 10_000
_LONGEST = 128


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, by the token's name, and what the token allows."""

    name: str
    scopes: frozenset[str]

    def may(self, scope: Scope) -> bool:
        """Say whether the caller holds `scope`; an admin holds every one."""
        return scope in self.scopes or Scope.ADMIN in self.scopes


class Callers:
    """Looks tokens up and remembers each answer for `seconds`; then a revocation holds everywhere."""

    def __init__(self, engine: Engine, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._engine = engine
        self._seconds = seconds
        self._clock = clock
        self._known: dict[str, tuple[float, Caller | None]] = {}
        self._lock = threading.Lock()

    def remembered(self, secret: str) -> Caller | None:
        """Return the caller where the token was looked up within the last seconds; no query."""
        until, caller = self._known.get(digest_of(secret), (0.0, None))
        return caller if self._clock() < until else None

    def find(self, secret: str) -> Caller | None:
        """Return the caller who holds this token, None where nobody does."""
        digest = digest_of(secret)
        with self._engine.connect() as connection:
            token = storage.find_token(connection, digest)
        caller = None if token is None or token.revoked_at is not None else Caller(token.name, token.scopes)
        with self._lock:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[digest] = (self._clock() + self._seconds, caller)
        return caller


def create_token(engine: Engine, name: str, scopes: Iterable[str]) -> tuple[str, StoredToken]:
    """Create a token of that name; returns the secret, shown once, and what is kept.

    Raises AccountError where the name is taken, InvalidName where it cannot be one, UnknownScope where a
    scope is unknown.
    """
    if not 1 <= len(name) <= _LONGEST or not name.isprintable() or name != name.strip():
        shown = repr(name)[:_LONGEST]
        raise InvalidName(f"{shown} cannot be the name of a token", f"{shown} 不能用作令牌名称")
    wanted = frozenset(scopes)
    unknown = sorted(wanted - set(Scope))
    if unknown or not wanted:
        named = ", ".join(unknown) or "none"
        raise UnknownScope(
            f"scope {named}: a token needs at least one of {', '.join(Scope)}",
            f"权限 {named} 无效：令牌至少需要以下之一 {', '.join(Scope)}",
        )
    secret = new_secret()
    token = StoredToken(id=secrets.token_hex(16), name=name, scopes=wanted, created_at=now())
    try:
        with writing(engine) as connection:
            storage.add_token(connection, token, digest_of(secret))
    except IntegrityError as error:
        raise AccountError(
            f"token name {name!r} is taken: names are used once, also after revocation",
            f"令牌名称 {name!r} 已被使用：名称不可重复，撤销后亦然",
        ) from error
    return secret, token


def revoke_token(engine: Engine, name: str) -> None:
    """Revoke the token of that name; raises AccountError where none is in force."""
    with writing(engine) as connection:
        revoked = storage.revoke_token(connection, name, now())
    if not revoked:
        raise AccountError(f"no token {name!r} is in force", f"没有名为 {name!r} 的有效令牌")


def list_tokens(engine: Engine) -> list[StoredToken]:
    """Return every token, oldest first, revoked ones too."""
    with engine.connect() as connection:
        return storage.list_tokens(connection)
