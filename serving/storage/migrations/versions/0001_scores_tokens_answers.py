"""Scores with their evidence, the models they name, tokens, and kept answers."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "tokens",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("name", sa.String(128), nullable=False, unique=True),
        sa.Column("hash", sa.String(64), nullable=False, unique=True),
        sa.Column("scopes", sa.String(512), nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("revoked_at", sa.BigInteger),
    )
    op.create_table(
        "score_models",
        sa.Column("fingerprint", sa.String(64), primary_key=True),
        sa.Column("target", sa.String(64), nullable=False),
        sa.Column("version", sa.String(64)),
        sa.Column("spec_fingerprint", sa.String(64), nullable=False),
        sa.Column("features", sa.Text, nullable=False),
        sa.Column("vocabularies", sa.Text, nullable=False),
    )
    op.create_table(
        "scores",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("line_id", sa.String(128), nullable=False),
        sa.Column("target", sa.String(64), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("spec_fingerprint", sa.String(64), nullable=False),
        sa.Column("scored_at", sa.BigInteger, nullable=False),
        sa.Column("as_of", sa.BigInteger, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("line_sequence", sa.BigInteger),
        sa.Column("line", sa.Text),
        sa.Column("what_if", sa.Boolean, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("direction", sa.String(8), nullable=False),
        sa.Column("regime", sa.String(32), nullable=False),
        sa.Column("hs_code", sa.String(64), nullable=False),
        sa.Column("base", sa.Double, nullable=False),
        sa.Column("log_odds", sa.Double, nullable=False),
        sa.Column("probability", sa.Double, nullable=False),
        sa.Column("percentile", sa.Double),
        sa.Column("percentile_basis", sa.String(32), nullable=False),
        sa.Column("vector", sa.LargeBinary, nullable=False),
        sa.Column("contributions", sa.LargeBinary, nullable=False),
        sa.Column("warnings", sa.Text, nullable=False),
        sa.Column("caller", sa.String(128), nullable=False),
    )
    op.create_index("scores_by_line", "scores", ["line_id", "id"])
    op.create_index("scores_by_time", "scores", ["scored_at"])
    op.create_index("scores_by_rank", "scores", ["target", "direction", "regime", "fingerprint", "id"])
    op.create_table(
        "idempotent_answers",
        sa.Column("caller", sa.String(128), primary_key=True),
        sa.Column("key", sa.String(255), primary_key=True),
        sa.Column("request_hash", sa.String(64), nullable=False),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("answered_at", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_idempotent_answers_answered_at", "idempotent_answers", ["answered_at"])


def downgrade() -> None:
    for table in ("idempotent_answers", "scores", "score_models", "tokens"):
        op.drop_table(table)
