"""Promotions say whether they undid the one before; older rows by the words that a rollback wrote."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, and mark the rollbacks of before."""
    op.add_column(
        "promotions", sa.Column("rolled_back", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    names = [sa.column(name) for name in ("sequence", "target", "version", "reason")]
    table = sa.table("promotions", *names, sa.column("rolled_back", sa.Boolean()))
    told = sa.select(table.c.sequence, table.c.target, table.c.version, table.c.reason)
    present: dict[str, str] = {}
    undone = []
    for sequence, target, version, reason in op.get_bind().execute(told.order_by(table.c.sequence)):
        words = f"rollback from {present.get(target)}"
        if reason == words or reason.startswith(f"{words}; first promoted because: "):
            undone.append(sequence)
        present[target] = version
    for sequence in undone:
        op.execute(table.update().where(table.c.sequence == sequence).values(rolled_back=True))
