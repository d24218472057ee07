"""The names that brands and enterprises go by: the registered one and the usual short ones."""

from __future__ import annotations

import re

from features.text.normal import normalise

_FORM = re.compile(
    r"(?:(?:股份)?(?:有限)?(?:责任)?公司|集团|厂|(?P<latin>co\.?,? ?ltd\.?|company limited|limited|ltd\.?"
    r"|inc\.?|corp\.?|corporation|gmbh|s\.?p\.?a\.?|s\.?a\.?|llc|plc|pte\.?|group|industries|international|trading"
    r"|export|holdings?))\Z"
)
"""One legal form, up to the end."""
_LONGEST_FORM = 16
"""Signs of the longest form, company limited, and one to spare."""
_SEPARATORS = " ,."
"""What may stand behind a legal form, and before a Latin one."""
_TRADE = re.compile(
    r"(?:供应链管理|国际贸易|进出口|对外贸易|电子商务|商贸|贸易|实业|科技|食品|电器|电子|日用品|化妆品|玩具|服饰)\Z"
)
_LONGEST_TRADE = 5
_BRACKETS = re.compile(r"[((][^))]{1,12}[))]")
_LEAST_SHORT = 3
"""A shortened name of fewer signs is too common to tell a party by."""


def short_names(name: str) -> list[str]:
    """Return a name in normal form, then without its legal form, then without its line of trade too.

    长沙泽旭汇科技有限公司 also goes by 长沙泽旭汇科技 and 长沙泽旭汇, Petime Sama Ltd by petime sama.
    """
    whole = normalise(name)[0].strip()
    plain = _without_forms(_BRACKETS.sub("", whole)).strip()
    bare = _without_trades(plain).strip()
    kept = [whole, *(short for short in (plain, bare) if len(short) >= _LEAST_SHORT)]
    return list(dict.fromkeys(kept))


def _without_forms(name: str) -> str:
    """Take legal forms off the end, one after another.

    From the end, as a repeated pattern searched from the beginning tries every way to split 'inc.inc.inc.x',
    twice as many with each: names are declared by anybody.
    """
    name = name.removesuffix("\n")
    end = _before_separators(name, len(name))
    kept = len(name)
    while found := _FORM.search(name, max(0, end - _LONGEST_FORM), end):
        kept = end = found.start() if found["latin"] is None else _before_separators(name, found.start())
    return name[:kept]


def _before_separators(name: str, end: int) -> int:
    while end and name[end - 1] in _SEPARATORS:
        end -= 1
    return end


def _without_trades(name: str) -> str:
    """Take lines of trade off the end, one after another."""
    end = len(name)
    while found := _TRADE.search(name, max(0, end - _LONGEST_TRADE), end):
        end = found.start()
    return name[:end]
