"""The place of each score in the order of commits, and how far redactions were carried over."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

NUMBERED = """
    UPDATE scores SET position = numbered.place
    FROM (SELECT id, row_number() OVER (ORDER BY id) AS place FROM scores) AS numbered
    WHERE scores.id = numbered.id
"""
COUNTED = """
    INSERT INTO score_counter (id, position, redacted_to)
    SELECT 1, coalesce(max(position), 0), 0 FROM scores
"""


def upgrade() -> None:
    op.create_table(
        "score_counter",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("redacted_to", sa.BigInteger, nullable=False),
        sa.CheckConstraint("id = 1", name="ck_score_counter_one_row"),
    )
    op.add_column("scores", sa.Column("position", sa.BigInteger))
    op.execute(NUMBERED)
    op.execute(COUNTED)
    op.create_index("scores_by_position", "scores", ["position"], unique=True)


def downgrade() -> None:
    op.drop_index("scores_by_position", "scores")
    op.drop_column("scores", "position")
    op.drop_table("score_counter")
