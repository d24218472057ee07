"""The command `customs-risk retag`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from tqdm import tqdm

from features.settings import Settings
from features.store.database import Store
from features.text import TEXT_VERSION


@click.command("retag")
@click.option("--all", "everything", is_flag=True, help="Read every opinion again, not only what is behind.")
@click.option("--home", type=click.Path(path_type=Path), help="Where the product's state lives.")
@click.option("--database-url", help="Database of the records; a SQLite file in home unless given.")
def retag(everything: bool, **options: Any) -> None:
    """Read opinions with this version of dictionary and text models, where that was not done yet.

    Readings of other versions stay, for scores made with them. When stopped, run it again without --all: it
    goes on where it was. Servers count anew as soon as it has ended.
    """
    given = {name: value for name, value in options.items() if value is not None}
    store = Store.open(Settings(**given).prepare().database_url)
    try:
        store.migrate()
        count = read_again(store, everything=everything)
    finally:
        store.close()
    click.echo(f"{count:,} opinions read with text version {TEXT_VERSION}")


def read_again(store: Store, *, everything: bool = False) -> int:
    """Read again what is behind, showing progress; returns how many opinions that were."""
    with tqdm(desc="opinions", unit="", unit_scale=True, disable=None, leave=False) as bar:

        def advance(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        return store.readings.retag(everything=everything, progress=advance)
