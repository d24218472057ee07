"""The command that searches settings."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click

from models.spec import ModelSpec, Target
from training.commands import DAY, FILE, day, opened_workshop, target_option, write_json
from training.period import Period
from training.tuning.search import tune

MINUTES = click.FloatRange(min=0, min_open=True, max=60 * 24 * 365)


@click.command("tune")
@target_option
@click.option("--until", type=DAY, help="Know what was known by the end of this day (default: now).")
@click.option("--test-from", type=DAY, help="Leave the lines declared from this day on alone.")
@click.option("--minutes", type=MINUTES, default=10.0, show_default=True, help="Time budget.")
@click.option(
    "--trials", type=click.IntRange(min=1), help="End after so many trials, if the time is not over before."
)
@click.option("--out", type=FILE, default=Path("params.json"), show_default=True, help="Where the best go.")
def tune_command(
    target: str,
    until: dt.datetime | None,
    test_from: dt.datetime | None,
    minutes: float,
    trials: int | None,
    out: Path,
) -> None:
    """Search a model's settings on folds before its test; `train --params FILE` takes what is found.

    The trials lie under the home, in tuning/: another run on the same records goes on where this one ended.
    """
    period = Period.of_days(day(until), day(test_from))
    with opened_workshop() as workshop:
        found = tune(workshop, ModelSpec(target=Target(target)), period, seconds=60 * minutes, trials=trials)
    write_json(out, found.to_dict())
    told = f"{found.trials} trials, {found.pruned} cut short: mean average precision {found.value:.4f}"
    click.echo(f"{told} on the inner folds, {found.default:.4f} with the defaults")
    click.echo(f"use them with: customs-risk train --params {out}")
