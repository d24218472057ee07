"""What events hold, by line, in place of a look through their scores."""

import sqlalchemy as sa
from alembic import op

from serving.storage.event_lines import Scored, event_row

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

EVENTS = sa.text("event IS NOT NULL")
AT_ONCE = 1_000
NEWEST = """
    SELECT target, line_id, event, grading FROM scores AS this
    WHERE event IS NOT NULL AND grading IS NOT NULL AND NOT what_if AND NOT EXISTS (
        SELECT 1 FROM scores AS later
        WHERE later.line_id = this.line_id AND later.target = this.target AND NOT later.what_if
            AND later.position > this.position
    )
"""


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
    for rows in connection.execute(sa.text(NEWEST)).partitions(AT_ONCE):
        told = [event_row(Scored(*row)) for row in rows]
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
