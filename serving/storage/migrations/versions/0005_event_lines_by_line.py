"""Lines of events are found by their id alone, as when they are withdrawn."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index."""
    op.create_index("event_lines_by_line", "event_lines", ["line_id"])


def downgrade() -> None:
    """Drop it again."""
    op.drop_index("event_lines_by_line", "event_lines")
