"""Commands of training: train, evaluate, promote, rollback, models."""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from features.settings import Settings
from features.store.database import Store
from models import selection
from models.spec import ModelSpec, Target
from training import promote as promotions
from training.errors import TrainingError
from training.evaluate import summary
from training.judge import judge, read_truth
from training.period import Period, Span
from training.pipeline import Registered, Workshop, retrain
from training.progress import Progress
from training.tracking import Tracking

Command = TypeVar("Command", bound=Callable[..., Any])

_DAY = click.DateTime(formats=["%Y-%m-%d"])


def _target_option(command: Command) -> Command:
    choice = click.Choice([str(target) for target in Target])
    default = str(Target.NONCONFORMING)
    return click.option(
        "--target", type=choice, default=default, show_default=True, help="What is predicted."
    )(command)


def _json_option(command: Command) -> Command:
    path = click.Path(dir_okay=False, path_type=Path)
    return click.option("--json", "json_file", type=path, help="Also write the figures to this file.")(
        command
    )


@click.command()
@_target_option
@click.option(
    "--until", type=_DAY, help="Know what was known by the end of this day in Shanghai (default: now)."
)
@click.option("--test-from", type=_DAY, help="Keep the lines declared from this day on to test only.")
@_json_option
def train(
    target: str, until: dt.datetime | None, test_from: dt.datetime | None, json_file: Path | None
) -> None:
    """Train, test and register a model version; a target's first version becomes its champion."""
    period = Period.of_days(_day(until), _day(test_from))
    with _workshop() as workshop:
        registered = retrain(workshop, ModelSpec(target=Target(target)), period)
        promotion = promotions.promote_first(workshop.store, workshop.home, registered.version)
    _tell(registered, promoted=promotion is not None)
    _write(json_file, _figures_of(registered))


@click.command()
@_target_option
@click.option("--from", "start", type=_DAY, required=True, help="First day of declaration.")
@click.option("--until", type=_DAY, help="Last day, by whose end results must be known (default: now).")
@click.option("--model", "name", metavar="NAME/VERSION", help="Judge this version instead of the champion.")
@click.option(
    "--truth",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A simulated port's truth file: judge on all lines, inspected or not.",
)
@_json_option
def evaluate(
    target: str,
    start: dt.datetime,
    until: dt.datetime | None,
    name: str | None,
    truth: Path | None,
    json_file: Path | None,
) -> None:
    """Judge a model on later lines, as it would have scored them then."""
    span = Span.of_days(start.date(), _day(until))
    told = read_truth(truth) if truth else None
    with _workshop() as workshop:
        if name is None:
            model = selection.load_champion(workshop.store.engine, workshop.home, target)
        else:
            version = promotions.parse_version(name, Tracking(workshop.home))
            model = promotions.read_version(workshop.home, version)
        report, scored = judge(workshop, model, span, told)
    click.echo("\n".join(summary(report)))
    dropped = {reason: count for reason, count in scored.dropped.items() if count}
    about = {"target": model.target, "model": name or "champion", "fingerprint": model.fingerprint}
    _write(json_file, {**about, "dropped": dropped, **report.to_dict()})


@click.command()
@click.argument("version", metavar="NAME/VERSION")
@click.option("--force", is_flag=True, help="Promote although a gate is closed; needs --reason.")
@click.option("--reason", default="", help="Why; kept with the promotion.")
def promote(version: str, force: bool, reason: str) -> None:
    """Make a registered version the champion of its target, if its gates are open."""
    with _workshop() as workshop:
        chosen = promotions.parse_version(version, Tracking(workshop.home))
        promotions.promote_version(workshop.store, workshop.home, chosen, reason=reason, forced=force)
    click.echo(f"{chosen} is the champion of {chosen.name}")


@click.command()
@_target_option
def rollback(target: str) -> None:
    """Return to the champion before the present one."""
    with _workshop() as workshop:
        promotion = promotions.roll_back(workshop.store, workshop.home, target)
    click.echo(f"{promotion.version} is the champion of {target} again")


@click.command()
@click.option(
    "--target", type=click.Choice([str(target) for target in Target]), help="Only this target's versions."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def models(target: str | None, as_json: bool) -> None:
    """List registered versions, their gates and the champions."""
    with _workshop() as workshop:
        listed = promotions.list_versions(workshop.store, workshop.home, target)
    rows = [
        {
            "version": str(each.version),
            "champion": each.champion,
            "gates_passed": each.gates_passed,
            "average_precision": each.average_precision,
            "fingerprint": each.version.fingerprint,
            "aliases": list(each.version.aliases),
        }
        for each in listed
    ]
    click.echo(json.dumps(rows, indent=1) if as_json else _table(rows))


@contextmanager
def _workshop() -> Iterator[Workshop]:
    settings = Settings().prepare()
    store = Store.open(settings.database_url)
    try:
        store.migrate()
        yield Workshop(store, settings.home, Progress(sys.stderr))
    finally:
        store.close()


def _day(moment: dt.datetime | None) -> dt.date | None:
    return moment.date() if moment else None


def _tell(registered: Registered, *, promoted: bool) -> None:
    for reason, count in registered.card["data"]["dropped"].items():
        click.echo(f"left out: {count} lines, {reason}", err=True)
    click.echo("\n".join(summary(registered.report)))
    for gate in registered.gates["gates"]:
        click.echo(f"{'open  ' if gate['passed'] else 'CLOSED'} {gate['name']}: {gate['seen']}")
    standing = (
        "champion"
        if promoted
        else f"registered; take it into use with: customs-risk promote {registered.version}"
    )
    click.echo(f"{registered.version}: {standing}")


def _figures_of(registered: Registered) -> dict[str, Any]:
    return {
        "target": registered.card["target"],
        "model": str(registered.version),
        "fingerprint": registered.version.fingerprint,
        **registered.report.to_dict(),
        "data": registered.card["data"],
        "mixture": registered.card["mixture"],
        "gates": dict(registered.gates),
    }


def _write(path: Path | None, figures: Mapping[str, Any]) -> None:
    if path is None:
        return
    try:
        path.write_text(json.dumps(figures, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise TrainingError(f"{path} cannot be written: {error.strerror}") from error


def _table(rows: list[dict[str, Any]]) -> str:
    if not rows:
        return "no model was registered yet: customs-risk train"
    lines = [f"{'version':20s} {'champion':8s} {'gates':6s} {'average precision':17s} bundle"]
    for row in rows:
        precision = "-" if row["average_precision"] is None else f"{row['average_precision']:.4f}"
        standing, gates = "●" if row["champion"] else "", "open" if row["gates_passed"] else "closed"
        lines.append(
            f"{row['version']:20s} {standing:8s} {gates:6s} {precision:17s} {row['fingerprint'][:12]}"
        )
    return "\n".join(lines)
