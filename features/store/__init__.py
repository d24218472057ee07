"""The record store: append-only revisions of records, in SQLite or PostgreSQL."""
