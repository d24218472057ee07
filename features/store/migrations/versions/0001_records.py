"""The record store and the promotions."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _create_revisions()
    op.create_table(
        "record_counter",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("known_at", sa.BigInteger(), nullable=False),
        sa.Column("live_since", sa.BigInteger()),
        sa.CheckConstraint("id = 1", name="ck_record_counter_one_row"),
    )
    op.execute("INSERT INTO record_counter (id, sequence, known_at) VALUES (1, 0, 0)")
    op.create_table(
        "promotions",
        sa.Column("sequence", _SEQUENCE, primary_key=True, autoincrement=True),
        sa.Column("target", sa.String(64), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("version", sa.String(64), nullable=False),
        sa.Column("promoted_at", sa.BigInteger(), nullable=False),
        sa.Column("promoted_by", sa.String(128), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("forced", sa.Boolean(), nullable=False),
        sa.Column("gates_passed", sa.Boolean(), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_promotions_target_sequence", "promotions", ["target", "sequence"])


def _create_revisions() -> None:
    op.create_table(
        "record_revisions",
        sa.Column("sequence", _SEQUENCE, primary_key=True, autoincrement=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("id", sa.String(128), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("action", sa.String(8), nullable=False),
        sa.Column("happened_at", sa.BigInteger(), nullable=False),
        sa.Column("known_at", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("visible_at", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("declaration_id", sa.String(128)),
        sa.Column("body", sa.Text()),
        sa.UniqueConstraint("kind", "id", "revision", name="uq_record_revisions_kind_id_revision"),
        sa.CheckConstraint("action IN ('put', 'withdraw', 'redact')", name="ck_record_revisions_action"),
    )
    linked = sa.text("declaration_id IS NOT NULL")
    op.create_index(
        "ix_record_revisions_declaration_id",
        "record_revisions",
        ["declaration_id", "kind"],
        sqlite_where=linked,
        postgresql_where=linked,
    )


def downgrade() -> None:
    op.drop_table("promotions")
    op.drop_table("record_counter")
    op.drop_table("record_revisions")
