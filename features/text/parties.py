"""The names that brands and enterprises go by: the registered one and the usual short ones."""

from __future__ import annotations

import re

from features.text.normal import normalise

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


def short_names(name: str) -> list[str]:
    """Return a name in normal form, then without its legal form, then without its line of trade too.

    长沙泽旭汇科技有限公司 also goes by 长沙泽旭汇科技 and 长沙泽旭汇, Petime Sama Ltd by petime sama.
    """
    whole = normalise(name)[0].strip()
    plain = _FORMS.sub("", _BRACKETS.sub("", whole)).strip()
    bare = _TRADES.sub("", plain).strip()
    kept = [whole, *(short for short in (plain, bare) if len(short) >= _LEAST_SHORT)]
    return list(dict.fromkeys(kept))
