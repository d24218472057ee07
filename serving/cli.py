"""The commands `serve`, `score`, `replay` and `tokens`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from serving.settings import ServingSettings

HOME = click.option("--home", type=click.Path(path_type=Path), help="Where the product's state lives.")
DATABASE = click.option("--database-url", help="Database; a SQLite file in home unless given.")
JSON_FILE = click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write figures here.")


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535))
@click.option("--workers", type=click.IntRange(1), help="Processes; more than one needs PostgreSQL.")
@click.option(
    "--without-model", is_flag=True, help="Start all the same; scores answer 503 until there is one."
)
@HOME
@DATABASE
def serve(host: str, port: int, without_model: bool, **given: Any) -> None:
    """Serve scores over HTTP.

    Brings the database up to date and declares the store live: from then on imported records count from
    when they were recorded. Refuses to start where no model is in use.
    """
    from serving.server import Address, run

    run(_settings(**given), Address(host, port), without_model=without_model)


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Parquet file to write.")
@click.option("--explain", is_flag=True, help="Add each feature's value and contribution.")
@click.option("--mapping", help="A shipped mapping or a .toml file, as for import.")
@click.option("--target", help="CUSTOMS_RISK_TARGET unless given.")
@click.option("--rejects", type=click.Path(path_type=Path), help="Where rejected rows go, with reasons.")
@JSON_FILE
@HOME
@DATABASE
def score(file: Path, out: Path, **options: Any) -> None:
    """Score a FILE of declarations, as what-ifs at the present sequence, with the server's numbers.

    Exit status: 0 if nothing was rejected, 3 if a row was, 2 if the file cannot be read.
    """
    from serving.scoring_command import score_file
    from serving.written import check_written

    settings = _settings(options.pop("home"), options.pop("database_url"), target=options.pop("target"))
    json_file = options.pop("json_file")
    check_written(file, out, {"--rejects": options["rejects"], "--json": json_file})
    figures = score_file(settings, file, out, **options)
    left_out = f", {figures['left_out']:,} rows without a line" if figures["left_out"] else ""
    click.echo(
        f"{figures['scored']:,} lines scored, {figures['rejected']:,} rejected{left_out}, into {out} "
        f"({figures['target']} version {figures['version']}, sequence {figures['sequence']:,})"
    )
    if figures["rejects_file"]:
        click.echo(f"Rejected rows, with reasons: {figures['rejects_file']}", err=True)
    _write(json_file, figures)
    sys.exit(3 if figures["rejected"] else 0)


@click.command()
@click.argument("score_id")
@click.option("--features", is_flag=True, help="Rebuild the feature vector from the records, too.")
@click.option("--evidence-hash", help="Gather the evidence anew and compare its SHA-256, in hex.")
@JSON_FILE
@HOME
@DATABASE
def replay(
    score_id: str, features: bool, evidence_hash: str | None, json_file: Path | None, **given: Any
) -> None:
    """Recompute the score SCORE_ID and its contributions, and compare every bit.

    Exit status: 0 if all are the same, 1 if any differs, 2 if it cannot be recomputed.
    """
    from features.store.database import Store
    from serving.replay import replay as compute
    from serving.storage.migrate import ready
    from serving.verifying import evidence_sha256

    settings = _settings(**given)
    store = Store.open(settings.database_url)
    try:
        ready(store)
        result = compute(store, settings.home, score_id, features=features)
        again = evidence_sha256(store, settings.home, result.score) if evidence_hash else None
    finally:
        store.close()
    stored = result.score
    origin = f"records up to sequence {stored.sequence:,}" if features else "the stored vector"
    verdict = "the same bits" if result.same else f"{len(result.differences)} numbers differ"
    click.echo(f"{score_id}: probability {stored.probability!r} from {origin}: {verdict}")
    for one in result.differences:
        click.echo(f"  {one.name}: stored {one.stored!r}, again {one.again!r}", err=True)
    figures = {
        "score": score_id,
        "same": result.same,
        "features": features,
        "probability": stored.probability,
        "differences": [one.name for one in result.differences],
    }
    same_evidence = _evidence_verdict(evidence_hash, again, figures)
    _write(json_file, figures)
    sys.exit(0 if result.same and same_evidence else 1)


def _evidence_verdict(given: str | None, again: str | None, figures: dict[str, Any]) -> bool:
    """Say whether the evidence has the hash given, and note it in the figures."""
    if given is None:
        return True
    same = given.strip().lower() == again
    figures |= {"evidence_same": same, "evidence_sha256": again}
    verdict = "the same bytes" if same else f"other bytes: SHA-256 {again}, not {given}"
    click.echo(f"evidence gathered from the records: {verdict}", err=not same)
    return same


@click.group()
def tokens() -> None:
    """Create, list and revoke access tokens."""


@tokens.command()
@click.argument("name")
@click.option("--scope", "scopes", multiple=True, required=True, help="What it allows; may be repeated.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@HOME
@DATABASE
def create(name: str, scopes: tuple[str, ...], as_json: bool, **given: Any) -> None:
    """Create a token NAME and print it, once: only its SHA-256 is kept.

    Scopes: scores:write, scores:read, records:write, models:read, data:scientist, admin. With scores:write
    alone new lines are recorded as they are scored; to revise a stored line takes records:write, too.
    """
    from serving.accounts.callers import create_token

    with _accounts(**given) as engine:
        secret, token = create_token(engine, name, scopes)
    if as_json:
        shown = {"name": name, "token": secret, "scopes": sorted(token.scopes)}
        click.echo(json.dumps(shown, ensure_ascii=False))
    else:
        click.echo(secret)


@tokens.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@HOME
@DATABASE
def list_all(as_json: bool, **given: Any) -> None:
    """List tokens: names, scopes, and which are revoked."""
    from features.instants import show_instant
    from serving.accounts.callers import list_tokens

    with _accounts(**given) as engine:
        found = list_tokens(engine)
    rows = [
        {
            "name": token.name,
            "scopes": sorted(token.scopes),
            "created_at": show_instant(token.created_at),
            "revoked_at": None if token.revoked_at is None else show_instant(token.revoked_at),
        }
        for token in found
    ]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    for row in rows:
        state = f"revoked {row['revoked_at']}" if row["revoked_at"] else "in force"
        click.echo(f"{row['name']}\t{' '.join(row['scopes'] or [])}\t{row['created_at']}\t{state}")


@tokens.command()
@click.argument("name")
@HOME
@DATABASE
def revoke(name: str, **given: Any) -> None:
    """Revoke the token NAME; servers refuse it within seconds."""
    from serving.accounts.callers import revoke_token

    with _accounts(**given) as engine:
        revoke_token(engine, name)
    click.echo(f"{name} is revoked")


def _settings(home: Path | None, database_url: str | None, **others: Any) -> ServingSettings:
    given = {"home": home, "database_url": database_url, **others}
    told = {name: value for name, value in given.items() if value is not None}
    return ServingSettings.read(**told).prepare()


def _accounts(home: Path | None, database_url: str | None) -> Any:
    from serving.server import accounts_database

    return accounts_database(_settings(home, database_url))


def _write(path: Path | None, figures: dict[str, Any]) -> None:
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(figures, ensure_ascii=False, indent=1), encoding="utf-8")
