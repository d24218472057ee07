"""Whether a name fits its heading: by names of inspected lines that an edition knew, else by the tariff."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.goods.edition import Edition
from features.goods.known_names import LearntNames
from features.goods.name_risk import NameRisk
from features.goods.tariff import heading_reader

KNOWN = ("充电宝", "移动电源", "葡萄酒", "红葡萄酒")
NAMES = st.none() | st.sampled_from(["", "充电宝", "移动电源充电宝", "红葡萄酒", "蓝牙耳机", "冻虾仁", "。"])
HEADINGS = st.sampled_from(["8507", "2204", "8518", None])
MORE = st.lists(
    st.tuples(st.sampled_from(KNOWN), st.sampled_from(["8507", "2204"]), st.integers(1, 9)), max_size=4
)


def edition(at: int, *names: tuple[str, str, int]) -> Edition:
    return Edition(at, 0, (), (), names)


def slow_margin(editions: list[Edition], name: str | None, heading: str | None, as_of: int) -> float:
    """The margin by a reader that is told each line, one by one, of the editions that there were."""
    told = [
        (known, of)
        for each in editions
        if each.fitted_at <= as_of
        for known, of, more in each.names
        for _ in range(more)
    ]
    found = heading_reader().knowing(Counter(told)).read(name or "", most=5)
    if not name or not found:
        return float("nan")
    own = sum(one.confidence for one in found if one.hs4 == heading)
    return own - max([one.confidence for one in found if one.hs4 != heading], default=0.0)


@settings(max_examples=40)
@given(MORE, MORE, st.lists(st.tuples(NAMES, HEADINGS, st.integers(0, 30)), max_size=5))
def test_a_margin_is_what_a_reader_told_line_by_line_says_for_one_name_and_for_many(first, then, asked):
    editions = [edition(10, *first), edition(20, *then)]
    known = LearntNames(editions)
    names, headings, as_of = ([row[column] for row in asked] for column in range(3))
    found = known.margins(names, headings, np.array(as_of, dtype=np.int64))
    np.testing.assert_array_equal(
        found, np.array([slow_margin(editions, *row) for row in asked], dtype=float)
    )
    for at, (name, heading, instant) in enumerate(asked):
        alone = known.margins([name], [heading], np.array([instant]))
        assert alone.tobytes() == found[[at]].tobytes()


def test_a_name_that_lines_had_under_one_heading_does_not_fit_another_from_that_edition_on():
    known = LearntNames([edition(10, ("充电宝", "8507", 9)), edition(20, ("充电宝", "8507", -9))])
    before, then, forgotten = (
        known.margins(["充电宝"] * 2, ["8507", "2204"], np.array([at] * 2)) for at in (9, 10, 20)
    )
    assert then.tolist() == pytest.approx([0.9, -0.9])
    assert before.tobytes() == forgotten.tobytes()


@pytest.mark.parametrize(
    ("name", "right", "wrong"), [("蓝牙耳机", "8518", "0306"), ("冻虾仁", "0306", "8518")]
)
def test_without_known_names_the_tariff_is_asked(name, right, wrong):
    margin = NameRisk().known.margins([name, name], [right, wrong], np.array([0, 0]))
    assert margin[0] > 0.5
    assert margin[1] < -0.5
