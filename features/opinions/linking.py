"""Which goods and whose an opinion is about: the source's word first, then the text's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from features.instants import Instant
from features.opinions.names import GOODS, ROLES, Called, KnownNames, tariff
from features.opinions.reading import NamedParty, Span
from features.opinions.said import Said, as_written
from features.records import Opinion
from features.text.normal import normalise

SURE = 0.5
"""A heading is taken from a text when more than this much of what is named there speaks for it."""
_STATED, _IN_TARIFF = 1.0, 0.6
"""How sure a heading is that the source stated, and how far the tariff's own words are trusted."""


@dataclass(frozen=True, slots=True)
class Goods:
    """A heading, how sure, where its names stand in the text, and whether the source stated it."""

    hs4: str | None
    confidence: float
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Links:
    """Goods and parties of an opinion; `stated` lists the fields that the source filled in."""

    goods: Goods
    parties: tuple[NamedParty, ...]
    values: Mapping[str, str]
    stated: tuple[str, ...]


def link(opinion: Opinion, text: Said, names: Mapping[str, KnownNames], before: Instant) -> Links:
    """Link an opinion to goods and parties by names that were known before an instant."""
    parties = tuple(
        NamedParty(role, owner, as_written(text.places, *place), round(1 / shared, 4))
        for role in ROLES
        for owner, place, shared in _each(names[role].find(text.normal, before))
    )
    stated = tuple(
        name for name in ("hs_code", *ROLES, "severity", "injured", "praise") if _says(opinion, name)
    )
    values = {role: value for role in ROLES if (value := _meant(opinion, role, parties))}
    return Links(_goods(opinion, text, names[GOODS], before), parties, values, stated)


def _says(opinion: Opinion, name: str) -> bool:
    return getattr(opinion, name) is not None


def _meant(opinion: Opinion, role: str, parties: Sequence[NamedParty]) -> str | None:
    """Return the source's value, else the one party of a role that the text names without doubt."""
    stated: str | None = getattr(opinion, role)
    if stated:
        return stated
    found = {party.value for party in parties if party.role == role and party.confidence == 1}
    return found.pop() if len(found) == 1 else None


def _each(found: Sequence[Called]) -> list[tuple[str, tuple[int, int], int]]:
    """Return each owner once, where it is first named, and how many share that name."""
    first: dict[str, tuple[str, tuple[int, int], int]] = {}
    for called in found:
        for owner in called.owners:
            first.setdefault(owner, (owner, (called.start, called.end), len(called.owners)))
    return list(first.values())


def _goods(opinion: Opinion, text: Said, known: KnownNames, before: Instant) -> Goods:
    told = known.find(text.normal, before)
    votes = _votes(told)
    if not told:
        told = tariff().find(text.normal, before)
        votes = {heading: share * _IN_TARIFF for heading, share in _votes(told).items()}
    if opinion.product_name:
        named = _votes(known.find(normalise(opinion.product_name)[0], before))
        votes = named or votes
    if opinion.hs_code and len(opinion.hs_code) >= 4:
        heading, sure = opinion.hs_code[:4], _STATED
    else:
        heading, sure = max(votes.items(), key=lambda vote: (vote[1], vote[0]), default=("", 0.0))
    spans = [as_written(text.places, one.start, one.end) for one in told if heading in one.owners]
    return Goods(heading if sure > SURE else None, round(sure, 4), tuple(spans))


def _votes(found: Sequence[Called]) -> dict[str, float]:
    """Return the share of the named goods' signs that speaks for each heading.

    A name of several headings is divided by how many lines bore it under each.
    """
    votes: dict[str, float] = {}
    for called in found:
        total = sum(called.owners.values())
        for owner, lines in called.owners.items():
            votes[owner] = votes.get(owner, 0.0) + (called.end - called.start) * lines / total
    whole = sum(votes.values())
    return {owner: vote / whole for owner, vote in votes.items()}
