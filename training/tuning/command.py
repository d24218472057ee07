"""The command that searches settings."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click

from models.spec import ModelSpec, Target
from training.commands import DAY, WRITTEN, day, opened_workshop, target_option, write_json
from training.mirror import show_search
from training.period import Period
from training.tuning.found import Found
from training.tuning.search import tune

MINUTES = click.FloatRange(min=0, min_open=True, max=60 * 24 * 365)


@click.command("tune")
@target_option
@click.option("--until", type=DAY, help="Know what was known by the end of this day (default: now).")
@click.option("--test-from", type=DAY, help="Leave the lines declared from this day on alone.")
@click.option(
    "--minutes", type=MINUTES, default=10.0, show_default=True, help="Time budget, preparations included."
)
@click.option(
    "--trials", type=click.IntRange(min=1), help="End after so many trials, if the time is not over before."
)
@click.option(
    "--out", type=WRITTEN, default=Path("params.json"), show_default=True, help="Where the best go."
)
def tune_command(
    target: str,
    until: dt.datetime | None,
    test_from: dt.datetime | None,
    minutes: float,
    trials: int | None,
    out: Path,
) -> None:
    """Search a model's settings on folds before its test; `train --params FILE` takes what is found.

    The trials lie under the home, in tuning/: another run on the same records goes on where this one ended,
    also where that was by Ctrl-C: then the best so far are written, and the status is 130.
    """
    period = Period.of_days(day(until), day(test_from))
    with opened_workshop() as workshop:
        found = tune(workshop, ModelSpec(target=Target(target)), period, seconds=60 * minutes, trials=trials)
        write_json(out, found.to_dict())
        show_search(workshop.home, found)
    _tell(found, out)
    if found.interrupted:
        raise SystemExit(130)


def _tell(found: Found, out: Path) -> None:
    if found.interrupted:
        click.echo("ended by hand: the trials are kept, and the same command goes on after them", err=True)
    told = f"{found.trials} trials, {found.pruned} cut short: mean average precision {found.value:.4f}"
    click.echo(f"{told} on the inner folds, {found.default:.4f} with the defaults")
    target = "" if found.spec.target == ModelSpec().target else f" --target {found.spec.target}"
    click.echo(f"use them with: customs-risk train{target} --params {out}")
