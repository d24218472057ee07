"""What a source's opinions led to: the share that a found nonconformity of that maker or goods followed."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from features.instants import DAY, Instant
from features.opinions.policy import policy

Outcomes = Mapping[str, Sequence[Instant]]
"""Instants at which nonconformities became known, sorted, by what they were of: see `about`."""


class Told(NamedTuple):
    """An earlier complaint: its source, when it became known, and what it was about (`about`)."""

    channel: str
    visible_at: Instant
    about: str


def about(hs4: str | None, brand: str | None, manufacturer: str | None) -> str:
    """Return what an opinion or a nonconformity is of: the manufacturer, else the brand, else the heading."""
    if manufacturer:
        return f"m:{manufacturer}"
    return f"b:{brand}" if brand else f"g:{hs4 or ''}"


def every_about(hs4: str | None, brand: str | None, manufacturer: str | None) -> list[str]:
    """Return all that a nonconformity is of, as an opinion may name any of them."""
    named = (("m", manufacturer), ("b", brand), ("g", hs4))
    return [f"{kind}:{value}" for kind, value in named if value]


def period_of(at: Instant) -> Instant:
    """Return the beginning of the period of an instant: yields are learned once a period."""
    length = policy().yields.period * DAY
    return at // length * length


def matured(begin: Instant) -> tuple[Instant, Instant]:
    """Return from when to before when opinions became known that are old enough when a period begins."""
    rules = policy().yields
    return begin - (rules.days + rules.year) * DAY, begin - rules.days * DAY


def learn(told: Iterable[Told], outcomes: Outcomes) -> dict[str, float]:
    """Return each source's yield against that of all, smoothed, within the policy's bounds; 1 is usual.

    `told` are opinions that were old enough then; an outcome counts within the policy's days after one, so
    that all that counts was known by then.
    """
    rules, told = policy().yields, list(told)
    led = Counter(one.channel for one in told if _followed(one, outcomes.get(one.about, ())))
    every = Counter(one.channel for one in told)
    usual = (led.total() + 1) / (every.total() + 2)
    return {
        channel: _held((led[channel] + rules.prior * usual) / (count + rules.prior) / usual)
        for channel, count in every.items()
    }


def weight_of(channel: str, yields: Mapping[str, float]) -> float:
    """Return what an opinion of a source weighs: policy times yield, in hundredths."""
    return round(policy().source[channel].weight * yields.get(channel, 1.0), 2)


def _followed(one: Told, instants: Sequence[Instant]) -> bool:
    place = bisect_right(instants, one.visible_at)
    return place < len(instants) and instants[place] < one.visible_at + policy().yields.days * DAY


def _held(ratio: float) -> float:
    rules = policy().yields
    return min(max(ratio, rules.least), rules.most)
