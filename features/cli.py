"""The command `customs-risk import`."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import click
from tqdm import tqdm

from features.importing.entries import KNOWN_AT, RowPlan, mapped_plan, plain_plan
from features.importing.importer import Importer
from features.importing.mapping import load_mapping
from features.importing.rejects import Rejects
from features.importing.source import Source
from features.importing.summary import Summary
from features.instants import Instant, now
from features.settings import Settings
from features.store.database import Store
from features.store.readings.command import read_again
from features.terms import Kind

_SHOWN_WARNINGS = 8


@click.command("import")
@click.argument("kind", type=click.Choice([str(kind) for kind in Kind]))
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--mapping", help="A shipped mapping (kcs, rasff, cn_sampling, single_window) or a .toml file.")
@click.option("--known-at-column", help="Column that says when a record became known; known_at unless given.")
@click.option("--rejects", type=click.Path(path_type=Path), help="Where rejected rows go, with reasons.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the figures here, too.")
@click.option("--home", type=click.Path(path_type=Path), help="Where the product's state lives.")
@click.option("--database-url", help="Database of the records; a SQLite file in home unless given.")
def import_command(kind: str, files: Sequence[Path], **options: Any) -> None:
    """Read records of a KIND from FILES into the store.

    CSV, JSON lines, JSON, Parquet or Excel; text also gzipped, in UTF-8 or GBK. Without a mapping, columns
    are named as the record's fields. History, which happened before the system was there, needs a column that
    says when each record became known. Importing a file again changes nothing.

    Exit status: 0 if nothing was rejected, 3 if a row was, 2 if a file cannot be read.
    """
    of_kind, present = Kind(kind), now()
    plan = _plan(of_kind, options["mapping"], options["known_at_column"], present)
    settings = _settings(options["home"], options["database_url"])
    rejects = options["rejects"] or settings.home / "rejects" / f"{kind}-{present}.csv"
    with Rejects(rejects) as rejected:
        if options["rejects"] is not None:
            rejected.open()
        summary = _import_all(settings.database_url, _Work(of_kind, plan, rejected), files)
    _show(summary, kind, rejected)
    if options["json_file"] is not None:
        _write_json(options["json_file"], summary.to_dict(kind), rejected)
    sys.exit(summary.exit_status)


class _Work(NamedTuple):
    kind: Kind
    plan: RowPlan
    rejects: Rejects


def _plan(kind: Kind, mapping: str | None, known_at: str | None, present: Instant) -> RowPlan:
    if mapping is None:
        return plain_plan(kind, present, known_at or KNOWN_AT)
    return mapped_plan(load_mapping(mapping), kind, present, known_at)


def _settings(home: Path | None, database_url: str | None) -> Settings:
    given: dict[str, Any] = {"home": home, "database_url": database_url}
    return Settings(**{name: value for name, value in given.items() if value is not None}).prepare()


def _import_all(database_url: str, work: _Work, files: Sequence[Path]) -> Summary:
    store = Store.open(database_url)
    try:
        store.migrate()
        importer = Importer(store, work.kind, work.plan, work.rejects, store.head())
        total = Summary()
        for path in files:
            total.add(_import_one(importer, path))
        if store.readings.are_there():
            total.read_again = read_again(store)
        return total
    finally:
        store.close()


def _import_one(importer: Importer, path: Path) -> Summary:
    with tqdm(desc=path.name, unit="", unit_scale=True, disable=None, leave=False) as bar:

        def advance(source: Source) -> None:
            bar.total = source.size
            bar.update(source.position() - bar.n)

        return importer.run(path, advance)


def _show(summary: Summary, kind: str, rejects: Rejects) -> None:
    figures = summary.to_dict(kind)
    for name, counts in figures["kinds"].items():
        click.echo(f"{name}: " + ", ".join(f"{count:,} {status}" for status, count in counts.items()))
    for doubt in figures["warnings"][:_SHOWN_WARNINGS]:
        value = f" {doubt['value']!r}" if doubt["value"] else ""
        click.echo(f"warning: {doubt['field']}{value} {doubt['warning']} ({doubt['records']:,} x)")
    if len(figures["warnings"]) > _SHOWN_WARNINGS:
        click.echo(f"warning: {len(figures['warnings']) - _SHOWN_WARNINGS:,} more; --json lists them")
    if summary.unused_columns:
        click.echo(f"columns not used: {', '.join(summary.unused_columns)}")
    speed = figures["records_per_second"]
    click.echo(f"{summary.rows:,} rows in {summary.seconds:.1f} s, {speed:,} records a second")
    if summary.read_again:
        click.echo(f"{summary.read_again:,} opinions read again with what was known before them")
    if rejects.rows:
        click.echo(f"rows rejected: {rejects.rows:,}; see {rejects.path}", err=True)
    for message in summary.unreadable:
        click.echo(f"customs-risk: {message}", err=True)


def _write_json(path: Path, figures: dict[str, Any], rejects: Rejects) -> None:
    figures["rejects_file"] = str(rejects.path) if rejects.rows else None
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(figures, ensure_ascii=False, indent=1), encoding="utf-8")
