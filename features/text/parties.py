"""Brands and enterprises that a text speaks of, under their names and the usual short ones."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from features.text.names import NameIndex
from features.text.normal import normalise
from features.text.tokens import LONGEST

_FORMS = re.compile(
    r"(?:(?:股份|集团)?(?:有限)?(?:责任)?公司|集团|厂|[ ,.]*(?:co\.?,? ?ltd\.?|company limited|limited|ltd\.?"
    r"|inc\.?|corp\.?|corporation|gmbh|s\.?p\.?a\.?|s\.?a\.?|llc|plc|pte\.?|group|industries|international|trading"
    r"|export|holdings?))+[ .,]*$"
)
_TRADES = re.compile(
    r"(?:供应链管理|国际贸易|进出口|对外贸易|电子商务|商贸|贸易|实业|科技|食品|电器|电子|日用品|化妆品|玩具|服饰)+$"
)
_BRACKETS = re.compile(r"[((][^))]{1,12}[))]")
_LEAST_SHORT = 3
"""A shortened name of fewer signs is too common to tell a party by."""


@dataclass(frozen=True, slots=True)
class PartyMention:
    """A party at [start, end) of the text as written; `confidence` falls with how many share the name."""

    party: str
    start: int
    end: int
    confidence: float


def short_names(name: str) -> list[str]:
    """Return a name in normal form, then without its legal form, then without its line of trade too.

    长沙泽旭汇科技有限公司 also goes by 长沙泽旭汇科技 and 长沙泽旭汇, Petime Sama Ltd by petime sama.
    """
    whole = normalise(name)[0].strip()
    plain = _FORMS.sub("", _BRACKETS.sub("", whole)).strip()
    bare = _TRADES.sub("", plain).strip()
    kept = [whole, *(short for short in (plain, bare) if len(short) >= _LEAST_SHORT)]
    return list(dict.fromkeys(kept))


class PartyIndex:
    """Known parties (id, name) and brands, by all the names they go by."""

    def __init__(self, parties: Iterable[tuple[str, str]]) -> None:
        self._index = NameIndex((short, party) for party, name in parties for short in short_names(name))

    def find(self, text: str) -> list[PartyMention]:
        """Return the parties named in a text, each once, in order; a shared name yields all who share it."""
        normal, places = normalise(text[:LONGEST])
        first: dict[str, PartyMention] = {}
        for named in self._index.find(normal):
            start, end = places[named.start], places[named.end - 1] + 1
            for party in named.owners:
                first.setdefault(party, PartyMention(party, start, end, 1 / len(named.owners)))
        return list(first.values())
