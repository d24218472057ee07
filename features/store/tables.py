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
    false,
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
    Column("readings", BigInteger, nullable=False, server_default="0"),
    CheckConstraint("id = 1", name="ck_record_counter_one_row"),
)
"""One row: the last sequence and instant allotted; its lock, held until commit, orders all writers.

`readings` counts how often readings of opinions were changed after the fact, so that histories count anew.
"""

opinion_readings = Table(
    "opinion_readings",
    metadata,
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("text_version", String(16), primary_key=True),
    Column("id", String(128), nullable=False),
    Column("visible_at", BigInteger, nullable=False),
    Column("channel", String(16), nullable=False),
    Column("complaint", Boolean, nullable=False),
    Column("duplicate_of", String(128)),
    Column("about", Text, nullable=False),
    Column("hs4", String(4)),
    Column("complainant", String(64)),
    Column("print", LargeBinary),
    Column("body", Text, nullable=False),
    Index("ix_opinion_readings_id", "id"),
    Index("ix_opinion_readings_visible_at", "text_version", "visible_at"),
    Index("ix_opinion_readings_hs4", "text_version", "hs4", "visible_at"),
    Index("ix_opinion_readings_complainant", "text_version", "complainant"),
)
"""What was understood of each revision of an opinion (`sequence`), by version of the text code.

`about` says what its source's yield is learned by, `print` recognises texts alike, `body` is the reading.
"""

opinion_bands = Table(
    "opinion_bands",
    metadata,
    Column("text_version", String(16), primary_key=True),
    Column("band", String(24), primary_key=True),
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Index("ix_opinion_bands_sequence", "sequence"),
)
"""Keys under which texts alike are looked up."""

opinion_names = Table(
    "opinion_names",
    metadata,
    Column("text_version", String(16), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("owner", String(512), primary_key=True),
    Column("lines", BigInteger, primary_key=True, autoincrement=False),
    Column("since", BigInteger, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Index("ix_opinion_names_sequence", "text_version", "sequence"),
)
"""Names of goods, brands and enterprises, since when they are known, and the revision that said so.

Of goods also since when 2, 4, 8, … `lines` had borne the name under the heading; of the others `lines` is 1.
"""

opinion_goods = Table(
    "opinion_goods",
    metadata,
    Column("text_version", String(16), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("hs4", String(4), primary_key=True),
    Column("lines", BigInteger, nullable=False),
    Column("newest", BigInteger, nullable=False),
)
"""How many lines that were taken in bore a goods name under a heading, and when the last became visible."""

opinion_outcomes = Table(
    "opinion_outcomes",
    metadata,
    Column("text_version", String(16), primary_key=True),
    Column("about", String(520), primary_key=True),
    Column("visible_at", BigInteger, primary_key=True, autoincrement=False),
    Column("sequence", BigInteger, nullable=False),
    Index("ix_opinion_outcomes_sequence", "text_version", "sequence"),
)
"""When nonconformities became known, by what they were of."""

opinion_progress = Table(
    "opinion_progress",
    metadata,
    Column("text_version", String(16), primary_key=True),
    Column("taken_in", BigInteger, nullable=False),
    Column("behind_at", BigInteger),
    Column("behind_sequence", BigInteger),
)
"""How far records were taken in for reading, and from which opinion on readings are to be made again."""

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
    Column("rolled_back", Boolean, nullable=False, server_default=false()),
    Index("ix_promotions_target_sequence", "target", "sequence"),
    sqlite_autoincrement=True,
)
"""Which bundle became champion of a target, when, by whom and why; the last row of a target holds.

`closed` names the gates that were closed, with what was seen, when it was forced past them. `rolled_back`
says that the row undid the promotion before it.
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
