"""What opinions weigh by their source, and when complaints are a burst: policy data, read once."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

import msgspec

from features.terms import Channel

POLICY = Path(__file__).parent / "sources.toml"


class SourcePolicy(msgspec.Struct, frozen=True):
    """What a source weighs, and whether it brings complaints even where the text says nothing of the kind."""

    weight: float
    complaint: bool


class YieldPolicy(msgspec.Struct, frozen=True):
    """How a source's yield is learned; days, and opinions for `prior`."""

    days: int
    year: int
    period: int
    prior: float
    least: float
    most: float


class BurstPolicy(msgspec.Struct, frozen=True):
    """What to expect before a year is seen: so many complaints in so many days; how unevenly they come."""

    events: float
    days: float
    unevenness: float


class Words(msgspec.Struct, frozen=True):
    """Words that praise and words that complain."""

    praise: tuple[str, ...]
    complaint: tuple[str, ...]


class Policy(msgspec.Struct, frozen=True):
    """The policy of opinions; what it led to stands in each reading."""

    source: dict[str, SourcePolicy]
    yields: YieldPolicy = msgspec.field(name="yield")
    burst: BurstPolicy
    words: Words


@cache
def policy() -> Policy:
    """Return the shipped policy; every channel has a source in it."""
    found = msgspec.convert(tomllib.loads(POLICY.read_text(encoding="utf-8")), Policy)
    missing = {str(channel) for channel in Channel} - found.source.keys()
    if missing:
        raise ValueError(f"{POLICY.name} says nothing of {', '.join(sorted(missing))}")
    return found
