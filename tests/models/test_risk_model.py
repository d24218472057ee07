from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import lightgbm as lgb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.schema import FeatureSpec
from features.terms import Direction
from models.calibration import Platt
from models.errors import FrameMismatch, UncalibratedDirection

sys.path.insert(0, str(Path(__file__).parent))

from model_samples import CALIBRATIONS, NAMES, model, rows

BOTH = st.lists(st.sampled_from(list(Direction)), min_size=1, max_size=40)


@settings(max_examples=30)
@given(directions=BOTH, seed=st.integers(0, 1000))
def test_contributions_add_up_to_the_calibrated_log_odds_of_the_booster(
    directions: list[Direction], seed: int
) -> None:
    X = rows(len(directions), seed)
    explained = model().explain(X, directions)
    margin = lgb.Booster(model_str=model().text).predict(X, raw_score=True)
    lines = [CALIBRATIONS[direction] for direction in directions]
    expected = [line.intercept + line.slope * m for line, m in zip(lines, margin, strict=True)]
    np.testing.assert_allclose(explained.log_odds, expected, rtol=0, atol=1e-9)
    sums = explained.base + explained.contributions.sum(axis=1)
    np.testing.assert_allclose(explained.log_odds, sums, rtol=0, atol=1e-9)
    np.testing.assert_allclose(explained.probability, 1 / (1 + np.exp(-explained.log_odds)), rtol=1e-12)


@settings(max_examples=30)
@given(directions=BOTH, seed=st.integers(0, 1000))
def test_a_line_has_the_same_bits_alone_and_among_others(directions: list[Direction], seed: int) -> None:
    X = rows(len(directions), seed)
    whole = model().explain(X, directions)
    for i, direction in enumerate(directions):
        alone = model().explain(X[i : i + 1], [direction])
        assert alone.log_odds[0] == whole.log_odds[i]
        assert alone.probability[0] == whole.probability[i]
        assert alone.contributions[0].tobytes() == whole.contributions[i].tobytes()


def test_probability_in_bulk_agrees_with_the_explained_one() -> None:
    X, directions = rows(50), [Direction.IMPORT] * 50
    bulk = model().probability(X, directions)
    np.testing.assert_allclose(bulk, model().explain(X, directions).probability, rtol=0, atol=1e-12)


def test_a_direction_never_calibrated_is_refused_by_name() -> None:
    imports_only = replace(model(), calibrations={Direction.IMPORT: Platt()})
    with pytest.raises(UncalibratedDirection, match="export"):
        imports_only.explain(rows(1), [Direction.EXPORT])


def test_a_reordered_frame_is_refused_and_the_column_named() -> None:
    frame = SimpleNamespace(values=rows(2), names=(NAMES[1], NAMES[0], *NAMES[2:]))
    with pytest.raises(FrameMismatch, match=r"column 0 .*duty_rate.*origin"):
        model().check_frame(frame)


def test_a_frame_with_other_columns_is_refused_and_they_are_named() -> None:
    frame = SimpleNamespace(values=rows(2), names=(*NAMES[:-1], "hs2"))
    with pytest.raises(FrameMismatch, match=r"net_to_gross.*hs2"):
        model().check_frame(frame)


def test_a_frame_in_order_passes_with_its_values() -> None:
    X = rows(2)
    assert model().check_frame(SimpleNamespace(values=X, names=NAMES)) is X


def test_a_booster_of_another_width_than_its_spec_is_refused() -> None:
    with pytest.raises(FrameMismatch, match="6 columns"):
        replace(model(), feature_spec=FeatureSpec(NAMES[1:], {}))


def test_directions_must_be_as_many_as_rows() -> None:
    with pytest.raises(FrameMismatch, match="2 rows"):
        model().explain(rows(2), [Direction.IMPORT])
