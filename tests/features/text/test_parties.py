"""Short names of enterprises: as one pattern would find them, however often a name repeats itself."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.text.normal import normalise
from features.text.parties import short_names

FORMS = re.compile(
    r"(?:(?:股份|集团)?(?:有限)?(?:责任)?公司|集团|厂|[ ,.]*(?:co\.?,? ?ltd\.?|company limited|limited|ltd\.?"
    r"|inc\.?|corp\.?|corporation|gmbh|s\.?p\.?a\.?|s\.?a\.?|llc|plc|pte\.?|group|industries|international|trading"
    r"|export|holdings?))+[ .,]*$"
)
TRADES = re.compile(
    r"(?:供应链管理|国际贸易|进出口|对外贸易|电子商务|商贸|贸易|实业|科技|食品|电器|电子|日用品|化妆品|玩具|服饰)+$"
)
WORDS = ["company limited", "acme", "x", "长沙", "(中国)", "国际", "oration", "s", "p", "a", "spa"]
WORDS += re.findall(r"股份|集团|有限|责任|公司|厂|[a-z]{2,}", FORMS.pattern) + re.findall(
    r"[^(:?|)+$]+", TRADES.pattern
)


def plainly_short(name: str) -> list[str]:
    """The definition: both patterns, searched from the beginning; slow where names repeat themselves."""
    whole = normalise(name)[0].strip()
    plain = FORMS.sub("", re.sub(r"[((][^))]{1,12}[))]", "", whole)).strip()
    bare = TRADES.sub("", plain).strip()
    return list(dict.fromkeys([whole, *(short for short in (plain, bare) if len(short) >= 3)]))


@given(st.lists(st.sampled_from([*WORDS, *[" ", ".", ",", "\n", ". ", "., "] * 4]), max_size=9).map("".join))
def test_forms_and_trades_come_off_as_the_definition_says(name):
    assert short_names(name) == plainly_short(name)


@given(st.text(alphabet="incorpsald.t, 公司集团有限股份厂贸易国际\n", max_size=14))
def test_words_that_overlap_come_off_as_the_definition_says(name):
    assert short_names(name) == plainly_short(name)


@pytest.mark.parametrize(
    "unit", ["inc.", "集团公司", "s.p.a. ", " ,.", "co., ltd. ", "corporation", "国际贸易", "(", "有限"]
)
def test_a_name_that_repeats_itself_thousands_of_times_is_read_to_its_end(unit):
    assert short_names(f"acme{unit * 5_000}x")[0].endswith("x")
    assert short_names(f"acme {unit * 5_000}")[0].startswith("acme")
