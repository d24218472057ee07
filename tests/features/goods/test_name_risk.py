"""The words of a declared name have a value: against a slow reading, taken apart, kept as JSON."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.goods.edition import Edition
from features.goods.name_risk import UNIT, NameRisk, NameRiskError
from features.goods.runs import run_texts, runs_of
from features.instants import DAY
from features.text.normal import normalise
from features.text.tokens import words_of_process

RUNS = ("充电宝", "移动", "电源", "电源 充电宝", "500", "500 ml", "kabodo", "牌", "型号")
TEXTS = st.none() | st.sampled_from(
    [
        "",
        "。；！",
        "充电宝",
        "移动电源充电宝",
        "移动電源　充电宝",
        "Kabodo牌|型号AB-345",
        "５００毫升",
        "从未见过的词",
    ]
)


def _edition(
    at: int, columns: list[int] | None = None, weights: list[int] | None = None
) -> dict[str, object]:
    return {"fitted_at": at, "intercept": 0, "columns": columns or [], "weights": weights or []}


DAYS = st.lists(st.integers(0, 20), unique=True, max_size=4).map(sorted)


@st.composite
def name_risks(draw: st.DrawFn) -> NameRisk:
    editions = []
    for day in draw(DAYS):
        columns = draw(st.lists(st.integers(0, len(RUNS) - 1), unique=True, max_size=len(RUNS)))
        weights = [draw(st.integers(-3 * UNIT, 3 * UNIT)) for _ in columns]
        editions.append(Edition(day * DAY, draw(st.integers(-UNIT, UNIT)), tuple(columns), tuple(weights)))
    return NameRisk(RUNS, editions)


def slow_value(risk: NameRisk, name: str | None, model: str | None, as_of: int) -> float:
    """The value by its definition: the newest edition at or before the instant, each run once."""
    there = [edition for edition in risk.editions if edition.fitted_at <= as_of]
    said: set[str] = set()
    for text in (name, model):
        words = words_of_process().words(text or "")
        said |= set(words) | {f"{one} {other}" for one, other in pairwise(words)}
    if not there or not said:
        return float("nan")
    weights = dict(zip((RUNS[c] for c in there[-1].columns), there[-1].weights, strict=True))
    return (there[-1].intercept + sum(weights.get(run, 0) for run in said)) / UNIT


@given(name_risks(), st.lists(st.tuples(TEXTS, TEXTS, st.integers(0, 25)), max_size=8))
def test_a_value_is_what_a_slow_reading_says_alone_and_in_a_batch(risk, asked):
    names, models, days = ([row[column] for row in asked] for column in range(3))
    as_of = np.array(days, dtype=np.int64) * DAY
    values = risk.values(names, models, as_of)
    slow = np.array([slow_value(risk, *row) for row in zip(names, models, as_of.tolist(), strict=True)])
    np.testing.assert_array_equal(values, slow)
    texts = list(dict.fromkeys(zip(names, models, strict=True)))
    place = np.array([texts.index(pair) for pair in zip(names, models, strict=True)], dtype=np.intp)
    assert risk.values_of(texts, place, as_of).tobytes() == values.tobytes()
    for at, (name, model) in enumerate(zip(names, models, strict=True)):
        assert risk.values([name], [model], as_of[[at]]).tobytes() == values[[at]].tobytes()


@given(name_risks(), TEXTS, TEXTS, st.integers(0, 25))
def test_a_value_is_its_intercept_and_the_words_that_moved_it_to_the_last_bit(risk, name, model, day):
    value = risk.values([name], [model], np.array([day * DAY]))[0]
    opened = risk.opened(name, model, day * DAY)
    if opened is None:
        assert np.isnan(value)
        return
    assert opened.value == value
    assert opened.intercept + sum(part.added for part in opened.parts) == value
    assert [abs(part.added) for part in opened.parts] == sorted(
        (abs(part.added) for part in opened.parts), reverse=True
    )
    assert all(part.added for part in opened.parts)


@given(TEXTS | st.text(max_size=12), TEXTS | st.text(max_size=12))
def test_the_texts_of_runs_are_those_of_runs_with_places(name, model):
    assert run_texts(name, model) == [run.text for run in runs_of(name, model)]


@given(TEXTS, TEXTS)
def test_every_run_stands_where_it_says_in_the_text_as_written(name, model):
    written = {"goods_name": name, "goods_model": model}
    for run in runs_of(name, model):
        text = written[run.field]
        assert text is not None
        place = normalise(text[run.start : run.end])[0]
        for word in run.text.split():
            assert word in place or (word, place) in (
                ("ml", "毫升"),
                ("500 ml", "500毫升"),
                ("ml", "500毫升"),
            )


def test_a_pair_of_words_does_not_reach_from_the_name_into_the_model():
    assert {run.text for run in runs_of("充电", "宝")} == {"充电", "宝"}


def test_an_edition_counts_from_its_own_instant_on_and_the_newest_is_read():
    risk = NameRisk(("充电宝",), [Edition(10, 0, (0,), (UNIT,)), Edition(20, UNIT, (0,), (UNIT,))])
    values = risk.values(["充电宝"] * 4, [None] * 4, np.array([9, 10, 19, 20]))
    np.testing.assert_array_equal(values, [np.nan, 1.0, 1.0, 2.0])


def test_unknown_words_add_nothing_and_no_word_is_missing():
    risk = NameRisk(("充电宝",), [Edition(0, 64, (0,), (UNIT,))])
    values = risk.values(["从未见过", None, "。。", "从未见过的充电宝"], [None] * 4, np.array([5] * 4))
    np.testing.assert_array_equal(values, [64 / UNIT, np.nan, np.nan, 1 + 64 / UNIT])


@given(name_risks())
def test_editions_survive_json(risk):
    again = NameRisk.from_dict(json.loads(json.dumps(risk.to_dict())))
    assert (again.runs, again.editions) == (risk.runs, risk.editions)


@pytest.mark.parametrize(
    ("plain", "says"),
    [
        ({"runs": ["a"]}, "editions"),
        ({"runs": "a", "editions": []}, "not a model"),
        ({"runs": ["a", "a"], "editions": []}, "twice"),
        ({"runs": ["a"], "editions": [_edition(5), _edition(5)]}, "later than"),
        ({"runs": ["a"], "editions": [_edition(5, columns=[0, 0], weights=[1, 2])]}, "one each"),
        ({"runs": ["a"], "editions": [_edition(5, columns=[0], weights=[])]}, "one each"),
        ({"runs": ["a"], "editions": [_edition(5, columns=[1], weights=[1])]}, "beyond"),
        ({"runs": ["a"], "editions": [_edition(5, columns=[-1], weights=[1])]}, "beyond"),
        ({"runs": ["a"], "editions": [_edition(5, columns=[0], weights=[1 << 40])]}, "weight"),
    ],
)
def test_what_is_no_model_of_names_is_refused_with_its_reason(plain, says):
    with pytest.raises(NameRiskError, match=says):
        NameRisk.from_dict(plain)
