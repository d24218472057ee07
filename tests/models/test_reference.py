from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.reference import FEWEST, Reference

SHARES = st.lists(st.floats(0, 1), min_size=FEWEST, max_size=300)


def imports(values: list[float]) -> Reference:
    return Reference.fit(np.array(values), ["import"] * len(values), ["general"] * len(values))


def test_the_median_stands_at_fifty() -> None:
    assert imports(np.linspace(0, 1, 1001).tolist()).percentile(0.5, "import", "general") == pytest.approx(50)


@given(values=SHARES, probability=st.floats(0, 1))
def test_a_percentile_lies_between_the_shares_below_and_up_to_the_probability(
    values: list[float], probability: float
) -> None:
    found = imports(values).percentile(probability, "import", "general")
    assert found is not None
    assert 0.0 <= found <= 100.0


@given(values=SHARES, a=st.floats(0, 1), b=st.floats(0, 1))
def test_a_higher_probability_never_has_a_lower_percentile(values: list[float], a: float, b: float) -> None:
    reference = imports(values)
    low, high = (reference.percentile(value, "import", "general") for value in sorted((a, b)))
    assert low is not None
    assert high is not None
    assert low <= high + 1e-9


@pytest.mark.parametrize(("lines", "ranked"), [(FEWEST - 1, False), (FEWEST, True)])
def test_a_regime_with_few_lines_is_ranked_among_none(lines: int, ranked: bool) -> None:
    values = np.r_[np.linspace(0, 0.1, 100), np.full(lines, 0.9)]
    reference = Reference.fit(values, ["import"] * len(values), ["general"] * 100 + ["food"] * lines)
    assert (reference.percentile(0.9, "import", "food") is not None) == ranked
    assert reference.percentile(0.09, "import", "general") == pytest.approx(90, abs=1)


@given(
    food=st.lists(st.floats(0, 1), min_size=FEWEST, max_size=80),
    others=st.lists(st.tuples(st.floats(0, 1), st.sampled_from(["general", "hazardous"])), max_size=120),
    probability=st.floats(0, 1),
)
def test_lines_of_other_regimes_change_no_percentile(
    food: list[float], others: list[tuple[float, str]], probability: float
) -> None:
    values, regimes = (
        [*food, *(one for one, _ in others)],
        ["food"] * len(food) + [kind for _, kind in others],
    )
    alone = Reference.fit(np.array(food), ["import"] * len(food), ["food"] * len(food))
    beside = Reference.fit(np.array(values), ["import"] * len(values), regimes)
    assert beside.percentile(probability, "import", "food") == alone.percentile(probability, "import", "food")


def test_what_an_earlier_bundle_pooled_over_regimes_is_read_and_not_used() -> None:
    written = imports([0.1] * 60).to_dict()
    written["grids"].append({"direction": "import", "regime": "*", "quantiles": [0.0, 0.5, 1.0]})
    read = Reference.from_dict(json.loads(json.dumps(written)))
    assert read.percentile(0.1, "import", "general") == pytest.approx(50)
    assert read.percentile(0.1, "import", "food") is None
    assert {regime for _, regime in read.grids} == {"general"}


def test_directions_are_ranked_apart_and_an_unknown_one_has_no_percentile() -> None:
    assert imports([0.1] * 60).percentile(0.1, "export", "general") is None


def test_equal_probabilities_share_the_middle_of_their_places() -> None:
    assert imports([0.2] * 100).percentile(0.2, "import", "general") == pytest.approx(50)


@given(values=SHARES)
def test_a_reference_survives_json(values: list[float]) -> None:
    before = imports(values)
    after = Reference.from_dict(json.loads(json.dumps(before.to_dict())))
    assert after.percentile(0.3, "import", "general") == before.percentile(0.3, "import", "general")
