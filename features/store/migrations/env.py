"""Runs the record store's migrations on the connection that `features.store.migrate` hands over."""

from __future__ import annotations

from alembic import context

from features.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=context.config.attributes["version_table"],
)
context.run_migrations()
