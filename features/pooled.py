"""Defects known of a line's maker and of its trader, held as one rate against what was to be expected.

Inspections are few and complaints many, and each source alone is thin: some hundred failures cannot teach a
model how to add a dozen log ratios. A maker is its manufacturer and its brand together, as most records name
only one of them. Of each party events of all kinds are added up, and so are those that its inspections and
declared lines would bring if it were like all others; the log ratio of the two sums, `DOUBT` added to both,
is one number that moves at the first event and grows sure with many. What is missing counts on neither side.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from features.entities import COMPLAINED, DECLARED, FOUND, INSPECTED, Tally
from features.facts import Facts, Floats
from features.feature import Counted, Family, Feature, Show
from features.kernel import compiled
from features.rates import usual_volume

PARTIES = (("manufacturer", "brand"), ("consignee",))
"""The maker by the entities that name it, and the trader."""
NAMED = 0.5
"""Of the complaints about a party's goods, the share that names it by one entity."""
DOUBT = (0.3, 0.5)
"""Events that doubt counts for: of complaints alone, where one new one must show; of all that is known."""
TOLD_WEIGHTS = (0.35, 0.35, 0.15)
"""Weights of complaints about the maker and the trader in a year, and about the maker in the last month."""
KNOWN_WEIGHTS = (0.5, 0.5, 0.15)
"""The same of all defects known of the maker and the trader, and of the last month's complaints."""

_HAZARDOUS = 1 + COMPLAINED.measures.index("hazardous")
_FAILED = 1 + INSPECTED.measures.index("failed")


def _window(tally: Tally, days: int | None) -> int:
    return tally.windows.index(days)


def _places(tally: Tally) -> tuple[int, ...]:
    return tuple(tally.entities.index(entity) for party in PARTIES for entity in party)


_SIZES = tuple(len(party) for party in PARTIES)
_OF = tuple(_places(tally) for tally in (COMPLAINED, DECLARED, INSPECTED, FOUND))
_YEAR = tuple(_window(tally, 365) for tally in (COMPLAINED, DECLARED, FOUND))
_MONTH = tuple(_window(tally, 30) for tally in (COMPLAINED, DECLARED))
_EVER = _window(INSPECTED, None)


def complaint_evidence(facts: Facts) -> Floats:
    """Complaints of a hazard about maker and trader, each against its volume, weighed and added."""
    ratios: Floats = facts.once(_ratios)
    maker, trader, lately = TOLD_WEIGHTS
    return ratios[:, 0] * maker + ratios[:, 1] * trader + ratios[:, 2] * lately


def known_defects(facts: Facts) -> Floats:
    """Failed inspections, findings elsewhere and complaints of maker and trader, weighed and added."""
    ratios: Floats = facts.once(_ratios)
    maker, trader, lately = KNOWN_WEIGHTS
    return ratios[:, 3] * maker + ratios[:, 4] * trader + ratios[:, 2] * lately


def _ratios(facts: Facts) -> Floats:
    """Return log ratios (n, 5): complaints of maker, of trader, of maker lately; all of maker, of trader."""
    known = [facts.known(tally) for tally in ("complained", "declared", "inspected", "found")]
    ratios = np.empty((len(facts.lines), 5))
    _pool(ratios, tuple(each.windows for each in known), known[0].absent)
    return np.log(ratios, out=ratios)


@compiled(nogil=True, error_model="numpy")
def _pool(ratios, counts, absent):  # type: ignore[no-untyped-def]
    complained, declared, inspected, found = counts
    for row in range(ratios.shape[0]):
        told_usual = usual_volume(complained[row, 0, _YEAR[0], _HAZARDOUS], declared[row, 0, _YEAR[1], 0])
        late_usual = usual_volume(complained[row, 0, _MONTH[0], _HAZARDOUS], declared[row, 0, _MONTH[1], 0])
        found_usual = usual_volume(found[row, 0, _YEAR[2], 0], declared[row, 0, _YEAR[1], 0])
        fails = inspected[row, 0, _EVER, _FAILED] / max(inspected[row, 0, _EVER, 0], 1.0)
        at = 0
        for party in range(len(_SIZES)):
            told, late, other = (0.0, 0.0), (0.0, 0.0), (0.0, 0.0)
            part = 1.0 / _SIZES[party]
            for _ in range(_SIZES[party]):
                if not absent[row, _OF[0][at]]:
                    lines = declared[row, _OF[1][at]]
                    tries = inspected[row, _OF[2][at], _EVER]
                    events = complained[row, _OF[0][at]]
                    told = _more(told, events[_YEAR[0], _HAZARDOUS], lines[_YEAR[1], 0] * NAMED, told_usual)
                    late = _more(late, events[_MONTH[0], _HAZARDOUS], lines[_MONTH[1], 0] * NAMED, late_usual)
                    seen = found[row, _OF[3][at], _YEAR[2], 0]
                    other = _more(other, seen * part, lines[_YEAR[1], 0] * part, found_usual)
                    other = _more(other, tries[_FAILED] * part, tries[0] * part, (1.0, fails))
                at += 1
            ratios[row, party] = _over(told, DOUBT[0])
            ratios[row, 3 + party] = _over((told[0] + other[0], told[1] + other[1]), DOUBT[1])
            if party == 0:
                ratios[row, 2] = _over(late, DOUBT[0])


@compiled(nogil=True, forceinline=True, error_model="numpy")
def _more(sums, events, lines, usual):  # type: ignore[no-untyped-def]
    return sums[0] + events * usual[0], sums[1] + lines * usual[1]


@compiled(nogil=True, forceinline=True, error_model="numpy")
def _over(sums, doubt):  # type: ignore[no-untyped-def]
    return (sums[0] + doubt) / (sums[1] + doubt)


def pooled_features() -> Iterator[Feature]:
    """Yield the two sums, each with one entity's records to look up; the words beside it say whose."""
    yield Feature(
        "complaint_evidence",
        Family.OPINIONS,
        (
            "按对生产企业、品牌和收发货人的危害投诉综合判断",
            "By the complaints of a hazard about its maker and its trader",
        ),
        (
            "按对生产企业、品牌和收发货人的危害投诉（近一年及近30天），风险{value}",
            "By the complaints of a hazard about its maker and its trader over a year and over 30 days, the "
            "risk is {value}",
        ),
        complaint_evidence,
        Show.ROUGHLY,
        compared=Counted("complained", "brand", 365),
    )
    yield Feature(
        "known_defects",
        Family.MANUFACTURER,
        (
            "按生产企业、品牌和收发货人的全部已知不合格综合判断",
            "By all defects known of its maker and its trader",
        ),
        (
            "按生产企业、品牌和收发货人的查验不合格、外部通报和危害投诉合计，风险{value}",
            "By the failed inspections, findings elsewhere and complaints of a hazard of its maker and its "
            "trader together, the risk is {value}",
        ),
        known_defects,
        Show.ROUGHLY,
        compared=Counted("inspected", "manufacturer", None),
    )
