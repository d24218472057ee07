"""Commands of training: train, evaluate, promote, rollback, models."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import click

from models import promotions
from models.promotions import Promotion
from models.risk_model import RiskModel
from models.spec import ModelSpec, Target
from training import promote as promoting
from training.card import selection_line
from training.commands import (
    DAY,
    FILE,
    day,
    json_option,
    json_text,
    opened_workshop,
    policy_option,
    target_option,
    write_json,
    write_text,
)
from training.compare.golden import check_golden_set
from training.evaluate import summary
from training.judge import judge, read_truth
from training.mirror import show_origin, show_report
from training.period import Period, Span
from training.pipeline import Registered, retrain
from training.policy import gate_policy
from training.promoted import promotion_values, promotions_table
from training.remedies import refused
from training.report import text_table
from training.tracking import Tracking
from training.tuning.parameters import Parameters, read_parameters
from training.workshop import Workshop


@click.command()
@target_option
@click.option(
    "--until", type=DAY, help="Know what was known by the end of this day in Shanghai (default: now)."
)
@click.option("--test-from", type=DAY, help="Keep the lines declared from this day on to test only.")
@click.option("--params", type=FILE, help="Settings that `customs-risk tune` wrote.")
@policy_option
@json_option
def train(
    target: str,
    until: dt.datetime | None,
    test_from: dt.datetime | None,
    params: Path | None,
    policy: Path,
    json_file: Path | None,
) -> None:
    """Train, test and register a model version; a target's first version becomes its champion."""
    period = Period.of_days(day(until), day(test_from))
    spec = ModelSpec(target=Target(target))
    chosen = read_parameters(params, spec) if params is not None else Parameters(spec, {})
    with opened_workshop() as workshop:
        check_golden_set(workshop.home, target)
        registered = retrain(workshop, chosen.spec, period, gate_policy(policy))
        show_origin(workshop.home, registered.version, chosen.origin)
        promotion = promoting.promote_first(workshop.store, workshop.home, registered.version)
    _tell(registered, promotion)
    write_json(json_file, _figures_of(registered))


@click.command()
@target_option
@click.option("--from", "start", type=DAY, required=True, help="First day of declaration.")
@click.option("--until", type=DAY, help="Last day, by whose end results must be known (default: now).")
@click.option("--model", "name", metavar="NAME/VERSION", help="Judge this version instead of the champion.")
@click.option(
    "--truth",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A simulated port's truth file: judge on all lines, inspected or not.",
)
@json_option
def evaluate(
    target: str,
    start: dt.datetime,
    until: dt.datetime | None,
    name: str | None,
    truth: Path | None,
    json_file: Path | None,
) -> None:
    """Judge a model on later lines, as it would have scored them then."""
    span = Span.of_days(start.date(), day(until))
    known = read_truth(truth) if truth else None
    with opened_workshop() as workshop:
        name, model = _judged(workshop, target, name)
        report, scored = judge(workshop, model, span, known)
    which = "lines, inspected or not," if truth else "inspected lines"
    ending = f"to {until.date()}" if until else "on"
    click.echo(f"{name} on {which} declared from {start.date()} {ending}, as it would have scored them then")
    click.echo("\n".join(summary(report)))
    dropped = {reason: count for reason, count in scored.dropped.items() if count}
    about = {"target": model.target, "model": name, "fingerprint": model.fingerprint}
    told = json_text({**about, "dropped": dropped, **report.to_dict()})
    write_text(json_file, told)
    show_report(workshop.home, name, "evaluate", {f"{_period_of(start, until, truth)}.json": told})


@click.command()
@click.argument("version", metavar="NAME/VERSION")
@click.option("--force", is_flag=True, help="Promote although a gate is closed; needs --reason.")
@click.option("--reason", default="", help="Why; kept with the promotion.")
@policy_option
def promote(version: str, force: bool, reason: str, policy: Path) -> None:
    """Make a registered version the champion of its target, if its gates are open.

    The gates signed into its bundle count, and those of a comparison with the present champion on the lines
    that are later than both trainings by now.
    """
    with opened_workshop() as workshop:
        chosen = promoting.parse_version(version, Tracking(workshop.home))
        if promoting.is_champion(workshop.store, chosen):
            click.echo(f"{chosen} is the champion of {chosen.name} already; nothing was changed")
            return
        gates = promoting.gates_before(workshop, chosen, gate_policy(policy))
        for gate in gates:
            click.echo(promoting.gate_line(gate), err=True)
        done = promoting.promote_version(
            workshop.store, workshop.home, chosen, reason=reason, forced=force, gates=gates
        )
    forced = f", forced: {done.reason}" if done.forced else ""
    click.echo(f"{chosen} is the champion of {chosen.name}{forced}")


@click.command()
@target_option
def rollback(target: str) -> None:
    """Return to the champion before the present one."""
    with opened_workshop() as workshop:
        promotion = promoting.roll_back(workshop.store, workshop.home, target)
    click.echo(f"{promotion.version} is the champion of {target} again")


@click.command()
@click.option(
    "--target", type=click.Choice([str(target) for target in Target]), help="Only this target's versions."
)
@click.option(
    "--history", is_flag=True, help="List promotions instead: when, by whom, why, past which gates."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def models(target: str | None, history: bool, as_json: bool) -> None:
    """List registered versions, their gates and the champions."""
    with opened_workshop() as workshop:
        if history:
            told = promotions.history(workshop.store.engine, target)
            values = json.dumps([promotion_values(each) for each in told], ensure_ascii=False, indent=1)
            click.echo(values if as_json else text_table(promotions_table(told)))
            return
        listed = promoting.list_versions(workshop.store, workshop.home, target)
    rows = [
        {
            "version": str(each.version),
            "champion": each.champion,
            "gates_passed": each.gates_passed,
            "average_precision": each.average_precision,
            "fingerprint": each.version.fingerprint,
            "aliases": list(each.version.aliases),
            "unreadable": each.unreadable or None,
        }
        for each in listed
    ]
    click.echo(json.dumps(rows, indent=1) if as_json else _table(rows))


def _period_of(start: dt.datetime, until: dt.datetime | None, truth: Path | None) -> str:
    """Name a judgement by its days, and by whether it knew the truth."""
    days = f"from {start.date()} to {until.date()}" if until else f"from {start.date()}"
    return f"{days} all lines" if truth else days


def _judged(workshop: Workshop, target: str, name: str | None) -> tuple[str, RiskModel]:
    """Return the version to judge: the one named, else the champion."""
    if name is None:
        promotion = promotions.standing(workshop.store.engine, target)
        return promotion.version, promotions.load_promoted(workshop.home, promotion)
    version = promoting.parse_version(name, Tracking(workshop.home))
    return str(version), promoting.read_version(workshop.home, version)


def _tell(registered: Registered, promotion: Promotion | None) -> None:
    for reason, count in registered.card["data"]["dropped"].items():
        click.echo(f"left out: {count} lines, {reason}", err=True)
    since = registered.card["period_shown"]["test_from"][:10]
    click.echo(f"tested on inspected lines declared from {since} on, by a model that never saw them")
    click.echo("\n".join(summary(registered.report)))
    click.echo(selection_line(registered.card))
    for gate in registered.gates["gates"]:
        click.echo(promoting.gate_line(gate))
    click.echo("\n".join(_standing(registered, promotion)))


def _standing(registered: Registered, promotion: Promotion | None) -> list[str]:
    name = str(registered.version)
    if promotion is not None:
        doubts = f", although it did not pass: {promotion.closed}" if promotion.closed else ""
        return [f"{name}: champion{doubts}"]
    fit = f"{name}: registered; take it into use with: customs-risk promote {name}"
    return list(refused(name, registered.gates)) or [fit]


def _figures_of(registered: Registered) -> dict[str, Any]:
    return {
        "target": registered.card["target"],
        "model": str(registered.version),
        "fingerprint": registered.version.fingerprint,
        **registered.report.to_dict(),
        "data": registered.card["data"],
        "mixture": registered.card["mixture"],
        "selection": registered.card["selection"],
        "gates": dict(registered.gates),
    }


def _table(rows: list[dict[str, Any]]) -> str:
    if not rows:
        return "no model was registered yet: customs-risk train"
    lines = [f"{'version':20s} {'champion':8s} {'gates':6s} {'average precision':17s} bundle"]
    for row in rows:
        precision = "-" if row["average_precision"] is None else f"{row['average_precision']:.4f}"
        standing, gates = "●" if row["champion"] else "", "open" if row["gates_passed"] else "closed"
        gates = "-" if row["unreadable"] else gates
        lines.append(
            f"{row['version']:20s} {standing:8s} {gates:6s} {precision:17s} {row['fingerprint'][:12]}"
        )
    refused = [f"{row['version']} is unreadable: {row['unreadable']}" for row in rows if row["unreadable"]]
    return "\n".join(lines + refused)
