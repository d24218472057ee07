"""A declared name is held against what the tariff calls the goods of its heading and of others."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.goods.tariff import heading_margins, heading_reader, tariff_likeness
from features.text.commodities import tariff_names
from features.text.normal import normalise

NAMES = st.none() | st.sampled_from(
    ["", "。", "蓝牙耳机", "冻虾仁", "电热水壶", "葡萄酒", "ＬＥＤ灯", "茶", "从未见过"]
)
TARIFF = tariff_names()
HEADINGS = st.sampled_from(["8518", "0306", "8516", "2204", "0902", "9999", None])


def slow_likeness(name: str | None, heading: str | None) -> float:
    def pairs(text: str) -> set[str]:
        written = "".join(sign for sign in normalise(text)[0] if sign.isalnum())
        return {one + other for one, other in pairwise(written)}

    said = pairs(name or "")
    called = [pairs(known) for known, of in TARIFF if of == heading]
    if not said or not called:
        return float("nan")
    return max(2 * len(said & known) / (len(said) + len(known)) for known in called)


def slow_margin(name: str | None, heading: str | None) -> float:
    found = heading_reader().read(name or "", most=5)
    if not found:
        return float("nan")
    own = sum(one.confidence for one in found if one.hs4 == heading)
    return own - max([one.confidence for one in found if one.hs4 != heading], default=0.0)


@settings(max_examples=25)
@given(st.lists(st.tuples(NAMES, HEADINGS), max_size=6))
def test_both_are_what_a_slow_reading_says_for_one_name_and_for_many(pairs):
    names, headings = [name for name, _ in pairs], [heading for _, heading in pairs]
    for fast, slow in ((tariff_likeness, slow_likeness), (heading_margins, slow_margin)):
        found = fast(names, headings)
        np.testing.assert_array_equal(found, np.array([slow(*pair) for pair in pairs], dtype=float))
        assert found.shape == (len(pairs),)
        assert not np.any(np.abs(found) > 1)


@pytest.mark.parametrize(
    ("name", "right", "wrong"), [("蓝牙耳机", "8518", "0306"), ("冻虾仁", "0306", "8518")]
)
def test_a_name_fits_its_own_heading_and_not_another(name, right, wrong):
    margin = heading_margins([name, name], [right, wrong])
    assert margin[0] > 0.5
    assert margin[1] < -0.5
    likeness = tariff_likeness([name, name], [right, wrong])
    assert likeness[0] > likeness[1] == 0


def test_a_tariff_name_itself_is_entirely_like_it():
    name, heading = next(pair for pair in TARIFF if len(pair[0]) > 4)
    assert tariff_likeness([name], [heading]) == 1.0
