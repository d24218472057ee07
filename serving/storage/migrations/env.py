"""Runs the serving migrations on the connection that `serving.storage.migrate` hands over."""

from __future__ import annotations

from alembic import context

from serving.storage.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    version_table="serving_version",
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
