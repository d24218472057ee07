"""The tables of the record store, and of the promotions kept beside it."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()

Sequence = BigInteger().with_variant(Integer(), "sqlite")
"""SQLite makes a key its row number only when the type is spelt INTEGER."""

record_revisions = Table(
    "record_revisions",
    metadata,
    Column("sequence", Sequence, primary_key=True, autoincrement=False),
    Column("kind", String(16), nullable=False),
    Column("id", String(128), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("action", String(8), nullable=False),
    Column("happened_at", BigInteger, nullable=False),
    Column("known_at", BigInteger, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("visible_at", BigInteger, nullable=False),
    Column("content_hash", LargeBinary(32), nullable=False),
    Column("declaration_id", String(128)),
    Column("body", Text),
    UniqueConstraint("kind", "id", "revision", name="uq_record_revisions_kind_id_revision"),
    CheckConstraint("action IN ('put', 'withdraw', 'redact')", name="ck_record_revisions_action"),
)
"""Every revision of every record, never changed but for bodies that a redaction blanks.

`declaration_id` is what an inspection or nonconformity names; withdrawals and redactions carry it on.
`body` is canonical JSON text, so that it can be queried where it lies; instants are microseconds.
"""

Index(
    "ix_record_revisions_declaration_id",
    record_revisions.c.declaration_id,
    record_revisions.c.kind,
    sqlite_where=record_revisions.c.declaration_id.is_not(None),
    postgresql_where=record_revisions.c.declaration_id.is_not(None),
)

record_counter = Table(
    "record_counter",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("sequence", BigInteger, nullable=False),
    Column("known_at", BigInteger, nullable=False),
    Column("live_since", BigInteger),
    CheckConstraint("id = 1", name="ck_record_counter_one_row"),
)
"""One row: the last sequence and instant allotted; its lock, held until commit, orders all writers."""

promotions = Table(
    "promotions",
    metadata,
    Column("sequence", Sequence, primary_key=True, autoincrement=True),
    Column("target", String(64), nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("version", String(64), nullable=False),
    Column("promoted_at", BigInteger, nullable=False),
    Column("promoted_by", String(128), nullable=False),
    Column("reason", Text, nullable=False),
    Column("forced", Boolean, nullable=False),
    Column("gates_passed", Boolean, nullable=False),
    Column("closed", Text, nullable=False, server_default=""),
    Index("ix_promotions_target_sequence", "target", "sequence"),
    sqlite_autoincrement=True,
)
"""Which bundle became champion of a target, when, by whom and why; the last row of a target holds.

`closed` names the gates that were closed, with what was seen, when it was forced past them.
"""

challengers = Table(
    "challengers",
    metadata,
    Column("sequence", Sequence, primary_key=True, autoincrement=True),
    Column("target", String(64), nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("version", String(64), nullable=False),
    Column("chosen_at", BigInteger, nullable=False),
    Column("chosen_by", String(128), nullable=False),
    Column("reason", Text, nullable=False),
    Index("ix_challengers_target_sequence", "target", "sequence"),
    sqlite_autoincrement=True,
)
"""Which bundle is scored in the champion's shadow; the last row of a target holds, '' ends the shadow."""

shadow_scores = Table(
    "shadow_scores",
    metadata,
    Column("score_id", String(32), primary_key=True),
    Column("challenger", String(64), primary_key=True),
    Column("target", String(64), nullable=False),
    Column("line_id", String(128), nullable=False),
    Column("champion", String(64), nullable=False),
    Column("as_of", BigInteger, nullable=False),
    Column("champion_probability", Double, nullable=False),
    Column("challenger_probability", Double, nullable=False),
    Index("ix_shadow_scores_challenger", "challenger", "as_of"),
)
"""What a challenger would have said beside a stored score of the champion; never an answer to anyone."""
