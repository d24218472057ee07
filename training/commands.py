"""What the commands of training share: options, the workshop they work in, and how figures are written."""

from __future__ import annotations

import datetime as dt
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from features.settings import Settings
from features.store.database import Store
from models.spec import Target
from training.errors import CannotWrite
from training.policy import SHIPPED
from training.progress import Progress
from training.workshop import Workshop

Command = TypeVar("Command", bound=Callable[..., Any])

DAY = click.DateTime(formats=["%Y-%m-%d"])
FILE = click.Path(dir_okay=False, path_type=Path)


class WrittenFile(click.Path):
    """A file that a command writes once its work is done: refused before, where it could not be written."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(
        self, value: str | os.PathLike[str], param: click.Parameter | None, ctx: click.Context | None
    ) -> Path:
        """Return the path; raises CannotWrite, naming the option."""
        path = Path(os.fsdecode(super().convert(value, param, ctx)))
        option = param.opts[0] if param is not None and param.opts else "the file"
        why = unwritable(path)
        if why:
            raise CannotWrite(f"{option} {path}: {why}")
        return path


WRITTEN = WrittenFile()


def unwritable(path: Path) -> str:
    """Say why a file could not be written now; nothing where it could."""
    if path.is_dir():
        return "it is a folder"
    if path.exists():
        return "" if os.access(path, os.W_OK) else "it may not be written to"
    folder = path.parent
    if not folder.is_dir():
        return f"there is no folder {folder}"
    return "" if os.access(folder, os.W_OK | os.X_OK) else f"{folder} may not be written to"


def target_option(command: Command) -> Command:
    """Let a command ask what is predicted."""
    choice = click.Choice([str(target) for target in Target])
    default = str(Target.NONCONFORMING)
    return click.option(
        "--target", type=choice, default=default, show_default=True, help="What is predicted."
    )(command)


def json_option(command: Command) -> Command:
    """Let a command write its figures to a file."""
    return click.option("--json", "json_file", type=WRITTEN, help="Also write figures to this file.")(command)


def html_option(command: Command) -> Command:
    """Let a command write a page."""
    return click.option(
        "--html", "html_file", type=WRITTEN, help="Also write a page in Chinese and English."
    )(command)


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


def json_text(figures: Mapping[str, Any]) -> str:
    """Return figures as they are written to a file."""
    return json.dumps(figures, ensure_ascii=False, indent=1) + "\n"


def write_json(path: Path | None, figures: Mapping[str, Any]) -> None:
    """Write figures to a file that was asked for; raises CannotWrite."""
    write_text(path, json_text(figures))


def write_text(path: Path | None, text: str) -> None:
    """Write a text to a file that was asked for; raises CannotWrite."""
    if path is None:
        return
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CannotWrite(f"{path} cannot be written: {error.strerror}") from error
