"""The command `grading`: check an authority's own policy, or show the one that is shipped."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from features.regimes import Regime
from features.store.errors import UnreachableDatabase
from models.grading import SHIPPED, GradingPolicy, InvalidGradingPolicy, Problem, ReadPolicy, read_policy
from models.grading.checking import ROWS
from models.grading.errors import VersionTaken
from models.grading.places import band
from models.wording.codes import code_name
from serving.cli import DATABASE, HOME
from serving.settings import ServingSettings


@click.group()
def grading() -> None:
    """Check grading policies, or show the one that is shipped."""


@grading.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@HOME
@DATABASE
def check(file: Path, **given: Any) -> None:
    """Say what is wrong with a policy FILE, cell by cell, or how its matrices read, in Chinese and English.

    A version that the database keeps with another content is refused, where there is a database to ask.
    Exit status: 0 if it can be followed, 2 if not.
    """
    try:
        read = read_policy(file)
        kept = _kept(read, given)
    except InvalidGradingPolicy as error:
        for problem in error.problems:
            _refuse(problem)
        count = len(error.problems)
        _refuse(
            Problem(f"{file}：{count} 处须更正，不可执行", f"{file}: {count} to correct, not to be followed")
        )
        _refuse(Problem(error.remedy_zh, error.remedy))
        sys.exit(2)
    except VersionTaken as error:
        _refuse(Problem(f"{file}：{error.message_zh}", f"{file}: {error}"))
        _refuse(Problem(error.remedy_zh, error.remedy))
        sys.exit(2)
    for regime in Regime:
        click.echo("\n".join(_matrix(read.policy, regime)))
    for said in (_unranked(read.policy), kept, _followed(file, read)):
        click.echo("\n".join(_both(said)))


@grading.command()
def show() -> None:
    """Print the shipped policy, to begin one's own from."""
    click.echo(SHIPPED.read_text(encoding="utf-8"), nl=False)


def _refuse(problem: Problem) -> None:
    click.echo("\n".join(_both(problem)), err=True)


def _both(said: Problem) -> Iterator[str]:
    yield said.en
    yield f"  {said.zh}"


def _unranked(policy: GradingPolicy) -> Problem:
    if policy.unranked is None:
        return Problem(
            "监管类别申报行过少、无百分位时：by_rank 为空（策略未设 unranked）",
            "where a regime has too few lines for a percentile: by_rank is null "
            "(the policy states no `unranked`)",
        )
    return Problem(
        f"监管类别申报行过少、无百分位时：by_rank 为 {policy.unranked}（unranked）",
        f"where a regime has too few lines for a percentile: by_rank is {policy.unranked} (`unranked`)",
    )


def _followed(file: Path, read: ReadPolicy) -> Problem:
    version = read.policy.version
    return Problem(
        f"{file}：版本 {version}，SHA-256 {read.sha256}，可以执行",
        f"{file}: version {version}, SHA-256 {read.sha256}, may be followed",
    )


def _kept(read: ReadPolicy, given: dict[str, Any]) -> Problem:
    """Say whether the database knows this version; raises VersionTaken where it has another content there."""
    settings = ServingSettings.read(**{name: value for name, value in given.items() if value is not None})
    version = read.policy.version
    try:
        found = _versions(settings.database_url, version)
    except UnreachableDatabase as error:
        return Problem(
            f"未与已用版本核对：数据库无应答（{error}）", f"not held against versions in use: {error}"
        )
    if found is None:
        return Problem(
            "未与已用版本核对：此处没有提供过服务的数据库（可用 --home 或 --database-url 指明）",
            "not held against versions in use: no database here has served "
            "(--home or --database-url names one)",
        )
    if found and read.sha256 not in found:
        raise VersionTaken(version, read.sha256, found[0])
    if found:
        return Problem(
            f"数据库中已有版本 {version}，内容相同", f"the database keeps version {version} with this content"
        )
    return Problem(f"数据库中尚无版本 {version}", f"version {version} is new to the database")


def _versions(url: str, version: str) -> list[str] | None:
    """Return the SHA-256 of what a database keeps under a version; None without a database that serves.

    Nothing is made or changed by asking.
    """
    from features.store.database import Store
    from serving.storage.gradings import kept_under
    from serving.storage.migrate import is_current

    try:
        place = make_url(url)
    except ArgumentError:
        place = Store.open(url).engine.url  # raises what says how to write one
    if place.get_backend_name() == "sqlite" and not (place.database and Path(place.database).is_file()):
        return None
    store = Store.open(url)
    try:
        return kept_under(store.engine, version) if is_current(store.engine) else None
    finally:
        store.close()


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
    return [f"{regime!s:>16}  {head}  {code_name('regime', str(regime), 'zh')}", *rows, ""]
