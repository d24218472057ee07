"""What is wrong with a grading policy, cell by cell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from features.regimes import Regime
from models.grading.injuries import INJURIES
from models.grading.policy import GradingPolicy, RegimePolicy
from models.hazards import HAZARDS
from models.scores import Colour, RiskGrade

ROWS = ("1", "2", "3", "4")
"""Rows of a matrix: severities, as their keys stand in the file."""


def problems(policy: GradingPolicy) -> list[str]:
    """Return everything that keeps a policy from being followed, each naming the cell or entry."""
    found = [*_grades(policy), *_hazards(policy), *_injuries(policy)]
    codes = Counter(authority.code for authority in policy.authority)
    found += [f"authority {code} stands {times} times" for code, times in codes.items() if times > 1]
    found += [
        f"regime {regime} is missing: regimes share no matrix"
        for regime in Regime
        if regime not in policy.regime
    ]
    ranks = {entry.level: place for place, entry in enumerate(reversed(policy.grade))}
    for regime, own in policy.regime.items():
        found += [f"regime {regime}: {problem}" for problem in _regime(own, ranks, set(codes))]
    return found


@lru_cache(maxsize=1024)
def band(over: tuple[float, ...], at: int) -> str:
    """Name a band of probability by its bounds: >1/100, or at most the last bound."""
    if over[at] > 0:
        return f">{_share(over[at])}"
    return "any" if at == 0 else f"≤{_share(over[at - 1])}"


def _share(bound: float) -> str:
    times = 1 / bound
    if times >= 3 and abs(times - round(times)) < 1e-9 * times:
        return f"1/{times:,.0f}"
    return f"{bound:.6g}" if bound < 0.01 else f"{bound:.4g}".rstrip("0") if bound % 1 else f"{bound:.0f}"


def _grades(policy: GradingPolicy) -> Iterator[str]:
    told = tuple(entry.grade for entry in policy.grade)
    if told != tuple(RiskGrade):
        shown = ", ".join(told) or "none"
        yield f"grades {shown}: must be {', '.join(RiskGrade)}, once each, the gravest first"
    levels = Counter(entry.level for entry in policy.grade)
    yield from (f"level {level} stands for {times} grades" for level, times in levels.items() if times > 1)
    colours = list(Colour)
    for graver, milder in zip(policy.grade, policy.grade[1:], strict=False):
        if colours.index(milder.colour) < colours.index(graver.colour):
            yield (
                f"grade {milder.grade} is {milder.colour} and the graver {graver.grade} {graver.colour}: "
                "a milder grade has no graver colour"
            )
        if milder.percentile >= graver.percentile:
            yield (
                f"grade {milder.grade} begins at percentile {milder.percentile:g}, the graver {graver.grade} "
                f"at {graver.percentile:g}: percentiles must fall from grade to grade"
            )
    if policy.grade and policy.grade[-1].percentile != 0:
        yield f"grade {policy.grade[-1].grade} must begin at percentile 0, so that every rank has a grade"


def _hazards(policy: GradingPolicy) -> Iterator[str]:
    told = Counter(entry.hazard for entry in policy.hazard)
    yield from (f"hazard {name} is missing" for name in HAZARDS if name not in told)
    for name, times in told.items():
        if name not in HAZARDS:
            yield f"hazard {name} is unknown; known are {', '.join(HAZARDS)}"
        elif times > 1:
            yield f"hazard {name} stands {times} times"
    for entry in policy.hazard:
        codes = Counter(code for goods in entry.goods for code in goods.hs)
        twice = [code for code, times in codes.items() if times > 1]
        yield from (f"hazard {entry.hazard}: goods {code} stand more than once" for code in twice)


def _injuries(policy: GradingPolicy) -> Iterator[str]:
    windows = [days for days in INJURIES.windows if days is not None]
    for rule in policy.injury:
        if rule.entity not in INJURIES.entities:
            known = ", ".join(INJURIES.entities)
            yield f"injury: opinions are not counted by {rule.entity!r}, only by {known}"
        if rule.days not in windows:
            yield f"injury by {rule.entity}: days {rule.days} must be one of {', '.join(map(str, windows))}"


def _regime(own: RegimePolicy, ranks: Mapping[str, int], authorities: set[str]) -> Iterator[str]:
    falls = all(high > low for high, low in zip(own.over, own.over[1:], strict=False))
    if not own.over or not falls or own.over[-1] != 0 or own.over[0] >= 1:
        shown = ", ".join(f"{bound:g}" for bound in own.over) or "none"
        yield f"bounds {shown}: must fall strictly from below 1 to 0"
        return
    broken = [*_incomplete(own, ranks)]
    yield from broken or _not_monotone(own, ranks)
    for grade in RiskGrade:
        if not own.competence.get(grade):
            yield f"competence of grade {grade} is missing"
    for name, codes in own.competence.items():
        if name not in set(RiskGrade):
            yield f"competence of {name!r}: there is no such grade"
        yield from (
            f"competence of grade {name}: authority {code!r} is unknown"
            for code in _not_in(codes, authorities)
        )


def _not_in(codes: Iterable[str], known: set[str]) -> list[str]:
    return [code for code in codes if code not in known]


def _cell(own: RegimePolicy, severity: str, at: int) -> str:
    return f"cell (severity {severity}, probability {band(own.over, at)})"


def _incomplete(own: RegimePolicy, ranks: Mapping[str, int]) -> Iterator[str]:
    yield from (f"severity {name!r} is unknown; known are 1 to 4" for name in own.matrix if name not in ROWS)
    for severity in ROWS:
        row = own.matrix.get(severity, ())
        for at in range(len(own.over)):
            if at >= len(row):
                yield f"{_cell(own, severity, at)} is missing"
            elif row[at] not in ranks:
                yield f"{_cell(own, severity, at)} says {row[at]!r}, which no grade stands for"
        if len(row) > len(own.over):
            yield f"severity {severity} has {len(row)} cells for {len(own.over)} bands of probability"


def _not_monotone(own: RegimePolicy, ranks: Mapping[str, int]) -> Iterator[str]:
    """Yield each pair of neighbours of which the likelier or graver one has the milder level."""
    for place, severity in enumerate(ROWS):
        row = own.matrix[severity]
        for at in range(len(own.over)):
            here = f"{_cell(own, severity, at)} says {row[at]}"
            if at and ranks[row[at]] > ranks[row[at - 1]]:
                yield f"{here}, but the likelier {_cell(own, severity, at - 1)} only {row[at - 1]}"
            if place:
                below = own.matrix[ROWS[place - 1]][at]
                if ranks[row[at]] < ranks[below]:
                    yield f"{here}, but the less severe {_cell(own, ROWS[place - 1], at)} says {below}"
