"""Challengers, what they say in the champion's shadow, and the gates that a promotion was forced past."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("promotions", sa.Column("closed", sa.Text(), nullable=False, server_default=""))
    op.create_table(
        "challengers",
        sa.Column("sequence", _SEQUENCE, primary_key=True, autoincrement=True),
        sa.Column("target", sa.String(64), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("version", sa.String(64), nullable=False),
        sa.Column("chosen_at", sa.BigInteger(), nullable=False),
        sa.Column("chosen_by", sa.String(128), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_challengers_target_sequence", "challengers", ["target", "sequence"])
    op.create_table(
        "shadow_scores",
        sa.Column("score_id", sa.String(32), primary_key=True),
        sa.Column("challenger", sa.String(64), primary_key=True),
        sa.Column("target", sa.String(64), nullable=False),
        sa.Column("line_id", sa.String(128), nullable=False),
        sa.Column("champion", sa.String(64), nullable=False),
        sa.Column("as_of", sa.BigInteger(), nullable=False),
        sa.Column("champion_probability", sa.Double(), nullable=False),
        sa.Column("challenger_probability", sa.Double(), nullable=False),
    )
    op.create_index("ix_shadow_scores_challenger", "shadow_scores", ["challenger", "as_of"])


def downgrade() -> None:
    op.drop_table("shadow_scores")
    op.drop_table("challengers")
    op.drop_column("promotions", "closed")
