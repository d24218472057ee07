"""The command `customs-risk simulate`."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path

import click
import msgspec

from training.progress import Progress
from training.simulator.params import DEFAULT_PARAMS, load_params
from training.simulator.simulate import Request, simulate_port

MOST_LINES = 20_000_000


@click.command()
@click.option(
    "--lines", type=click.IntRange(200, MOST_LINES), required=True, help="Declaration lines to make."
)
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), required=True, help="Same seed, same bytes.")
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder for the files."
)
@click.option(
    "--params",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default=DEFAULT_PARAMS,
    help="Parameters of the world; default: the pinned port.toml.",
)
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="Last day; default: the parameters'.")
def simulate(lines: int, seed: int, out: Path, params: Path, until: dt.datetime | None) -> None:
    """Write the records and the truth of a simulated port."""
    world, digest = load_params(params)
    if until is not None:
        world = msgspec.structs.replace(
            world, period=msgspec.structs.replace(world.period, until=until.date())
        )
    rows = simulate_port(Request(lines, seed, out, world, digest), Progress(sys.stderr))
    for name, count in rows.items():
        click.echo(f"{name}: {count}")
    click.echo(f"written to {out}, parameters {digest[:12]}")
