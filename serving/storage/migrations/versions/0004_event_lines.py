"""What events hold, by line, in place of a look through their scores."""

import struct

import msgspec
import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

EVENTS = sa.text("event IS NOT NULL")
AT_ONCE = 1_000
NEWEST = """
    SELECT this.target, this.line_id, this.event, this.grading FROM (
        SELECT max(position) AS position FROM scores WHERE NOT what_if GROUP BY target, line_id
    ) AS newest JOIN scores AS this ON this.position = newest.position
    WHERE this.event IS NOT NULL AND this.grading IS NOT NULL
"""
"""By one look through all scores: by one for each, a line that is scored every minute takes hours."""
PLACES = ("I", "II", "III", "IV")
MOST = 1e290


class Line(msgspec.Struct):
    """What is needed of a grading as this revision found it; `own` stays as it was written."""

    own: msgspec.Raw
    policy: str
    quantity: float | None = None
    unit: str | None = None


class Own(msgspec.Struct):
    """What sorts lines by gravity."""

    grade: str
    probability: float


LINES = msgspec.json.Decoder(Line)
OWNS = msgspec.json.Decoder(Own)


def upgrade() -> None:
    lines = op.create_table(
        "event_lines",
        sa.Column("target", sa.String(64), primary_key=True),
        sa.Column("line_id", sa.String(128), primary_key=True),
        sa.Column("event", sa.String(32), nullable=False),
        sa.Column("policy", sa.String(64), nullable=False),
        sa.Column("gravity", sa.String(160), nullable=False),
        sa.Column("quantity", sa.Double),
        sa.Column("unit", sa.String(64)),
        sa.Column("own", sa.Text, nullable=False),
    )
    connection = op.get_bind()
    names = [column.name for column in lines.columns]
    found = connection.execute(sa.text(NEWEST).execution_options(yield_per=AT_ONCE))
    for rows in found.partitions():
        told = [event_row(*row) for row in rows]
        connection.execute(lines.insert(), [dict(zip(names, one, strict=True)) for one in told])
    op.create_index(
        "event_lines_by_event",
        "event_lines",
        ["event", "target", "policy", "gravity", "line_id", "quantity", "unit"],
    )
    # Lines that no longer stand drop out with the next score, which follows the records from the first on.
    op.add_column(
        "score_counter", sa.Column("followed_to", sa.BigInteger, nullable=False, server_default="0")
    )
    op.drop_index("scores_by_event", "scores")


def downgrade() -> None:
    op.create_index(
        "scores_by_event", "scores", ["event", "id"], sqlite_where=EVENTS, postgresql_where=EVENTS
    )
    op.drop_column("score_counter", "followed_to")
    op.drop_table("event_lines")


def event_row(target: str, line_id: str, event: str, grading: str) -> tuple[object, ...]:
    """Return a line as its event holds it, in the order of the table."""
    told = LINES.decode(grading)
    own = OWNS.decode(told.own)
    # The bits of a positive float, read as a number, are in the order of the floats.
    (bits,) = struct.unpack(">q", struct.pack(">d", own.probability))
    gravity = f"{PLACES.index(own.grade)}{2**63 - 1 - bits:019d}{line_id}"
    quantity = None if told.quantity is None else min(told.quantity, MOST)
    unit = None if quantity is None else told.unit or ""
    return target, line_id, event, told.policy, gravity, quantity, unit, bytes(told.own).decode()
