"""Queries on tokens."""

from __future__ import annotations

from sqlalchemy import Connection, insert, select, update

from serving.accounts.token import StoredToken
from serving.storage.tables import TOKENS


def add_token(connection: Connection, token: StoredToken, digest: str) -> None:
    """Store a token under its SHA-256; raises IntegrityError where the name is taken."""
    connection.execute(
        insert(TOKENS).values(
            id=token.id,
            name=token.name,
            hash=digest,
            scopes=" ".join(sorted(token.scopes)),
            created_at=token.created_at,
            revoked_at=token.revoked_at,
        )
    )


def find_token(connection: Connection, digest: str) -> StoredToken | None:
    """Return the token with this SHA-256, revoked or not."""
    row = connection.execute(select(TOKENS).where(TOKENS.c.hash == digest)).mappings().first()
    return None if row is None else _token(row)


def list_tokens(connection: Connection) -> list[StoredToken]:
    """Return every token, oldest first."""
    rows = connection.execute(select(TOKENS).order_by(TOKENS.c.created_at, TOKENS.c.id)).mappings()
    return [_token(row) for row in rows]


def revoke_token(connection: Connection, name: str, at: int) -> bool:
    """Revoke the token of that name; False where none is in force."""
    in_force = (TOKENS.c.name == name) & TOKENS.c.revoked_at.is_(None)
    return connection.execute(update(TOKENS).where(in_force).values(revoked_at=at)).rowcount == 1


def _token(row: object) -> StoredToken:
    fields = dict(row)  # type: ignore[call-overload]
    return StoredToken(
        id=fields["id"],
        name=fields["name"],
        scopes=frozenset(fields["scopes"].split()),
        created_at=fields["created_at"],
        revoked_at=fields["revoked_at"],
    )
