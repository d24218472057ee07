"""A declared name is held against what the tariff calls the goods of its heading."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.goods.tariff import tariff_likeness
from features.text.commodities import tariff_names
from features.text.normal import normalise

TARIFF = tariff_names()
NAMES = st.none() | st.sampled_from(
    ["", "。", "蓝牙耳机", "冻虾仁", "电热水壶", "葡萄酒", "ＬＥＤ灯", "茶", "从未见过"]
)
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


@settings(max_examples=25)
@given(st.lists(st.tuples(NAMES, HEADINGS), max_size=6))
def test_likeness_is_what_a_slow_reading_says_for_one_name_and_for_many(pairs):
    found = tariff_likeness([name for name, _ in pairs], [heading for _, heading in pairs])
    np.testing.assert_array_equal(found, np.array([slow_likeness(*pair) for pair in pairs], dtype=float))
    assert found.shape == (len(pairs),)
    assert not np.any(np.abs(found) > 1)


@pytest.mark.parametrize(
    ("name", "right", "wrong"), [("蓝牙耳机", "8518", "0306"), ("冻虾仁", "0306", "8518")]
)
def test_a_name_is_more_like_the_names_of_its_own_heading(name, right, wrong):
    likeness = tariff_likeness([name, name], [right, wrong])
    assert likeness[0] > likeness[1] == 0


def test_a_tariff_name_itself_is_entirely_like_it():
    name, heading = next(pair for pair in TARIFF if len(pair[0]) > 4)
    assert tariff_likeness([name], [heading]) == 1.0
