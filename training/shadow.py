"""The command that puts a version into the champion's shadow, and shows what it said there."""

from __future__ import annotations

import getpass
from collections.abc import Mapping

import click
import numpy as np

from features.instants import now
from models import challengers, promotions
from models.challengers import NOBODY, Challenger, Shadowed
from models.promotions import Promotion
from training.commands import opened_workshop, target_option
from training.errors import AlreadyChampion
from training.mirror import mirrored
from training.promote import is_champion, parse_version
from training.report import Cell, Table, figure, text_table
from training.tracking import CHALLENGER, Tracking, Version
from training.workshop import Workshop

LATER = (
    "结果产生后用 customs-risk compare 比较",
    "once results are known, customs-risk compare says who was right",
)
PROMOTED = (
    "影子模型已成为现行模型，不再另行评分；用 customs-risk shadow --off 结束",
    "the challenger has become the champion and is not scored apart: customs-risk shadow --off ends it",
)


@click.command()
@click.argument("version", metavar="[NAME/VERSION]", required=False)
@click.option("--off", is_flag=True, help="End the shadow of the target.")
@click.option("--reason", default="", help="Why; kept with the choice.")
@target_option
def shadow(version: str | None, off: bool, reason: str, target: str) -> None:
    """Score a version beside the champion from now on; without a version, show what was said in shadow.

    The server scores after it has answered and stores both; nobody is shown what the challenger says.
    """
    with opened_workshop() as workshop:
        if off:
            end_shadow(workshop, target, reason)
            click.echo(f"nobody is scored in shadow for {target}")
        elif version is not None:
            chosen = put_in_shadow(workshop, parse_version(version, Tracking(workshop.home)), reason)
            click.echo(f"{chosen.version} is scored in the shadow of {chosen.target}'s champion from now on")
        else:
            click.echo(text_table(listing(workshop, target)))


def put_in_shadow(workshop: Workshop, version: Version, reason: str = "") -> Challenger:
    """Let a registered version be scored beside its target's champion from now on.

    Raises AlreadyChampion where it is the champion itself.
    """
    if is_champion(workshop.store, version):
        raise AlreadyChampion(f"{version} is the champion of {version.name}: it would be its own shadow")
    row = Challenger(version.name, version.fingerprint, str(version), now(), getpass.getuser(), reason)
    chosen = challengers.choose(workshop.store.engine, workshop.home, row)
    with mirrored(f"{version} as challenger"):
        Tracking(workshop.home).alias(version, CHALLENGER)
    return chosen


def end_shadow(workshop: Workshop, target: str, reason: str = "") -> None:
    """Score nobody in shadow for a target any more."""
    row = Challenger(target, NOBODY, "", now(), getpass.getuser(), reason)
    challengers.choose(workshop.store.engine, workshop.home, row)
    with mirrored(f"that nobody is in shadow for {target}"):
        tracking = Tracking(workshop.home)
        for version in tracking.versions(target):
            tracking.drop_alias(version, CHALLENGER)


def listing(workshop: Workshop, target: str) -> Table:
    """Return who is in shadow, and beside which champion it scored how many lines and how far from it.

    What it said beside a former champion stands in a row of that champion.
    """
    title = ("影子运行", "In shadow")
    columns = (
        ("候选模型", "challenger"), ("现行模型", "champion"), ("行数", "lines"), ("更高", "higher"),
        ("平均差", "mean difference"), ("最大差", "largest difference"),
    )  # fmt: skip
    chosen = challengers.challenger(workshop.store.engine, target)
    if chosen is None:
        return Table(title, columns, [], ("无影子模型", f"nobody is scored in shadow for {target}"))
    said = challengers.shadowed(workshop.store.engine, chosen.fingerprint)
    present = promotions.champion(workshop.store.engine, target)
    promoted = present is not None and present.fingerprint == chosen.fingerprint
    names = {each.fingerprint: each.version for each in promotions.history(workshop.store.engine, target)}
    beside = list(dict.fromkeys(reversed(said.champions)))
    if present is not None and not promoted:
        beside = [present.fingerprint, *(each for each in beside if each != present.fingerprint)]
    rows = [
        (chosen.version, _named(each, names, present), *_apart(said, each)) for each in beside or [NOBODY]
    ]
    return Table(title, columns, rows, PROMOTED if promoted else LATER)


def _named(fingerprint: str, names: Mapping[str, str], present: Promotion | None) -> Cell:
    """Name a champion; one that is no longer in use is said to be a former one."""
    if fingerprint == NOBODY:
        return None
    version = names.get(fingerprint, fingerprint[:12])
    if present is not None and present.fingerprint == fingerprint:
        return version
    return f"{version}（曾为现行）", f"{version} (former)"


def _apart(said: Shadowed, champion: str) -> tuple[Cell, ...]:
    """Count the lines scored beside a champion, those scored higher, and the mean and largest difference."""
    rows = np.array([each == champion for each in said.champions], dtype=bool)
    gap = said.challenger[rows] - said.champion[rows]
    some = len(gap) > 0
    mean, largest = (float(gap.mean()), float(abs(gap).max())) if some else (None, None)
    return len(gap), int((gap > 0).sum()), figure(mean), figure(largest)
