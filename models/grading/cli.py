"""The command `grading`: check an authority's own policy, or show the one that is shipped."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from features.regimes import Regime
from models.grading.checking import ROWS, band
from models.grading.errors import InvalidGradingPolicy
from models.grading.policy import GradingPolicy
from models.grading.reading import SHIPPED, read_policy


@click.group()
def grading() -> None:
    """Check grading policies, or show the one that is shipped."""


@grading.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def check(file: Path) -> None:
    """Say what is wrong with a policy FILE, cell by cell, or how its matrices read.

    Exit status: 0 if it can be followed, 2 if not.
    """
    try:
        read = read_policy(file)
    except InvalidGradingPolicy as error:
        for problem in error.problems:
            click.echo(problem, err=True)
        click.echo(f"{file}: {len(error.problems)} to correct, not to be followed", err=True)
        sys.exit(2)
    for regime in Regime:
        click.echo("\n".join(_matrix(read.policy, regime)))
    click.echo(f"{file}: version {read.policy.version}, SHA-256 {read.sha256}, may be followed")


@grading.command()
def show() -> None:
    """Print the shipped policy, to begin one's own from."""
    click.echo(SHIPPED.read_text(encoding="utf-8"), nl=False)


def _matrix(policy: GradingPolicy, regime: Regime) -> list[str]:
    """Return a regime's matrix in grades: a row for each severity, a column for each band."""
    own = policy.regime[regime]
    grades = {entry.level: entry.grade for entry in policy.grade}
    bands = [band(own.over, at) for at in range(len(own.over))]
    widths = [max(len(name), 3) for name in bands]
    head = "  ".join(name.rjust(width) for name, width in zip(bands, widths, strict=True))
    rows = [
        f"{severity:>16}  "
        + "  ".join(
            grades[level].rjust(width) for level, width in zip(own.matrix[severity], widths, strict=True)
        )
        for severity in reversed(ROWS)
    ]
    return [f"{regime!s:>16}  {head}", *rows, ""]
