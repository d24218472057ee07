"""Grades of scores, the events they inherit from, and the policies that graded."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

EVENTS = sa.text("event IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "grading_policies",
        sa.Column("sha256", sa.String(64), primary_key=True),
        sa.Column("version", sa.String(64), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("first_used_at", sa.BigInteger, nullable=False),
    )
    op.add_column("scores", sa.Column("event", sa.String(32)))
    op.add_column("scores", sa.Column("grade", sa.String(8)))
    op.add_column("scores", sa.Column("grading", sa.Text))
    op.create_index(
        "scores_by_event", "scores", ["event", "id"], sqlite_where=EVENTS, postgresql_where=EVENTS
    )
    op.create_index("scores_by_grade", "scores", ["grade", "id"])


def downgrade() -> None:
    op.drop_index("scores_by_grade", "scores")
    op.drop_index("scores_by_event", "scores")
    for column in ("grading", "grade", "event"):
        op.drop_column("scores", column)
    op.drop_table("grading_policies")
