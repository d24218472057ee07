"""What the commands of training share: options, the workshop they work in, and how figures are written."""

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
from models.spec import Target
from training.errors import TrainingError
from training.policy import SHIPPED
from training.progress import Progress
from training.workshop import Workshop

Command = TypeVar("Command", bound=Callable[..., Any])

DAY = click.DateTime(formats=["%Y-%m-%d"])
FILE = click.Path(dir_okay=False, path_type=Path)


def target_option(command: Command) -> Command:
    """Let a command ask what is predicted."""
    choice = click.Choice([str(target) for target in Target])
    default = str(Target.NONCONFORMING)
    return click.option(
        "--target", type=choice, default=default, show_default=True, help="What is predicted."
    )(command)


def json_option(command: Command) -> Command:
    """Let a command write its figures to a file."""
    return click.option("--json", "json_file", type=FILE, help="Also write figures to this file.")(command)


def html_option(command: Command) -> Command:
    """Let a command write a page."""
    return click.option("--html", "html_file", type=FILE, help="Also write a page in Chinese and English.")(
        command
    )


def policy_option(command: Command) -> Command:
    """Let a command follow another policy of the gates."""
    existing = click.Path(exists=True, dir_okay=False, path_type=Path)
    return click.option(
        "--policy", type=existing, default=SHIPPED, help="Policy of the gates (default: the one shipped)."
    )(command)


@contextmanager
def opened_workshop() -> Iterator[Workshop]:
    """Open the store and the home that the environment names."""
    settings = Settings().prepare()
    store = Store.open(settings.database_url)
    try:
        store.migrate()
        yield Workshop(store, settings.home, Progress(sys.stderr))
    finally:
        store.close()


def day(moment: dt.datetime | None) -> dt.date | None:
    """Return the day that an option named."""
    return moment.date() if moment else None


def write_json(path: Path | None, figures: Mapping[str, Any]) -> None:
    """Write figures to a file that was asked for; raises TrainingError."""
    write_text(path, json.dumps(figures, ensure_ascii=False, indent=1) + "\n")


def write_text(path: Path | None, text: str) -> None:
    """Write a text to a file that was asked for; raises TrainingError."""
    if path is None:
        return
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise TrainingError(f"{path} cannot be written: {error.strerror}") from error
