"""Keys of texts alike are found by the opinion they are of, as a redaction asks."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index."""
    op.create_index("ix_opinion_bands_sequence", "opinion_bands", ["sequence"])
