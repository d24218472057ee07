"""What was understood of opinions, and the names that readings rest on."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "record_counter", sa.Column("readings", sa.BigInteger(), nullable=False, server_default="0")
    )
    _create_readings()
    op.create_table(
        "opinion_bands",
        sa.Column("text_version", sa.String(16), primary_key=True),
        sa.Column("band", sa.String(24), primary_key=True),
        sa.Column("sequence", sa.BigInteger(), primary_key=True, autoincrement=False),
    )
    op.create_table(
        "opinion_names",
        sa.Column("text_version", sa.String(16), primary_key=True),
        sa.Column("kind", sa.String(16), primary_key=True),
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("owner", sa.String(512), primary_key=True),
        sa.Column("lines", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_opinion_names_sequence", "opinion_names", ["text_version", "sequence"])
    op.create_table(
        "opinion_goods",
        sa.Column("text_version", sa.String(16), primary_key=True),
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("hs4", sa.String(4), primary_key=True),
        sa.Column("lines", sa.BigInteger(), nullable=False),
        sa.Column("newest", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "opinion_outcomes",
        sa.Column("text_version", sa.String(16), primary_key=True),
        sa.Column("about", sa.String(520), primary_key=True),
        sa.Column("visible_at", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_opinion_outcomes_sequence", "opinion_outcomes", ["text_version", "sequence"])
    op.create_table(
        "opinion_progress",
        sa.Column("text_version", sa.String(16), primary_key=True),
        sa.Column("taken_in", sa.BigInteger(), nullable=False),
        sa.Column("behind_at", sa.BigInteger()),
        sa.Column("behind_sequence", sa.BigInteger()),
    )


def _create_readings() -> None:
    op.create_table(
        "opinion_readings",
        sa.Column("sequence", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("text_version", sa.String(16), primary_key=True),
        sa.Column("id", sa.String(128), nullable=False),
        sa.Column("visible_at", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("complaint", sa.Boolean(), nullable=False),
        sa.Column("duplicate_of", sa.String(128)),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("hs4", sa.String(4)),
        sa.Column("complainant", sa.String(64)),
        sa.Column("print", sa.LargeBinary()),
        sa.Column("body", sa.Text(), nullable=False),
    )
    for name, columns in (
        ("ix_opinion_readings_id", ["id"]),
        ("ix_opinion_readings_visible_at", ["text_version", "visible_at"]),
        ("ix_opinion_readings_hs4", ["text_version", "hs4", "visible_at"]),
        ("ix_opinion_readings_complainant", ["text_version", "complainant"]),
    ):
        op.create_index(name, "opinion_readings", columns)
