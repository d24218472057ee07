"""What would change a score: the smallest set the policy admits, from the model itself."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.entities import TALLIES
from features.frame import build_frame
from features.lines import Lines
from features.records import Declaration
from features.schema import FeatureSpec
from features.terms import Direction
from models.calibration import Platt
from models.counterfactual import EXACT, Situation, Step, way_down
from models.further_passes import WithPasses
from models.grading.tables import Boundary
from models.policy import ChangePolicy, change_policy
from models.policy.changes import InvalidPolicy
from models.risk_model import RiskModel
from models.scores import RiskGrade
from models.wording.changes import way_down_text

NAMES = ("origin", "hs_code", "price_to_usual_by_hs10", "nonconformity_ratio_by_consignee_365d",
         "days_since_inspection_by_consignee", "laboratory_ratio_by_hs4_365d")  # fmt: skip
CODES = ("8516109000", "8516210000", "8516330000", "9503002100")
AS_OF = 1_790_000_000_000_000


@dataclass(frozen=True)
class Counts:
    windows: Any
    first: Any
    last: Any
    last_failed: Any


@dataclass(frozen=True)
class Known:
    """A history that knows the same of everybody: some inspections, a usual price of 100."""

    inspections: int = 30
    failures: int = 6

    def counts(self, tally: str, lines: Lines, as_of: Any) -> Counts:
        of = TALLIES[tally]
        windows = np.zeros((len(lines), len(of.entities), len(of.windows), 1 + len(of.measures)), np.int64)
        windows[..., 0] = self.inspections
        if tally == "inspected":
            windows[:, 0, :, 0], windows[:, 0, :, 1] = 3000, 150
            windows[:, 1:, :, 1] = self.failures
        if tally == "priced":
            price = np.log(100.0)
            windows[..., 1] = int(price * of.scale * self.inspections)
            windows[..., 2] = int(price * price * of.scale * self.inspections)
        ends = np.full(windows.shape[:2], AS_OF - 86_400_000_000 * 50)
        return Counts(windows, ends, ends, ends if tally == "inspected" else None)

    def parties(self, lines: Lines, column: str, as_of: Any) -> dict[str, Any]:
        return {}


@lru_cache(maxsize=1)
def model() -> RiskModel:
    random = np.random.default_rng(5)
    X = random.normal(size=(3000, len(NAMES)))
    X[:, 0], X[:, 1] = random.integers(0, 5, 3000), random.integers(0, 6, 3000)
    X[:, 4] = random.uniform(0, 365, 3000)
    risk = X[:, 3] + np.abs(X[:, 2]) + (X[:, 0] == 3) + (X[:, 1] == 2) + X[:, 4] / 200
    y = risk + random.normal(size=3000) > 3
    data = lgb.Dataset(X, y, categorical_feature=[0, 1], params={"verbose": -1})
    booster = lgb.train({"objective": "binary", "verbose": -1, "num_threads": 1, "num_leaves": 15}, data, 25)
    spec = FeatureSpec(NAMES, {"origin": ("CN", "DE", "US"), "hs_code": CODES})
    return RiskModel("nonconforming", spec, booster, {Direction.IMPORT: Platt(1.0, 0.0)})


def line(**changes: Any) -> Declaration:
    said: dict[str, Any] = {
        "id": "L", "happened_at": AS_OF, "direction": Direction.IMPORT, "hs_code": CODES[0], "origin": "DE",
        "departure": "CN", "consignee": "C", "total_price": 5000.0, "currency": "CNY", "value_cny": 5000.0,
        "quantity": 10.0, "unit": "001", "terms": "1",
    }  # fmt: skip
    return Declaration(**{**said, **changes})


def situation(**changes: Any) -> Situation:
    return Situation(line(**changes), Known(), AS_OF, model())


def test_an_unchanged_line_has_the_probability_of_its_score() -> None:
    asked = situation()
    frame = build_frame(Lines.of([asked.line]), asked.history, np.array([AS_OF]), model().feature_spec)
    shown = model().explain(frame.values, [Direction.IMPORT]).probability[0]
    assert asked.probabilities([()])[0] == pytest.approx(shown, abs=1e-12)


@settings(max_examples=25, deadline=None)
@given(
    price=st.floats(50, 20_000),
    origin=st.sampled_from(["DE", "CN", "US"]),
    code=st.sampled_from(CODES),
    threshold=st.floats(0.001, 0.99),
)
def test_no_smaller_set_would_do(price: float, origin: str, code: str, threshold: float) -> None:
    asked = situation(total_price=price, value_cny=price, origin=origin, hs_code=code)
    policy = change_policy()
    way = way_down(asked, policy, Boundary(threshold, RiskGrade.III))
    if way.threshold is None:
        assert way.probability < threshold
        return
    assert way.threshold <= way.probability
    assert asked.probabilities([way.steps])[0] == way.reached
    assert way.found == (way.reached < way.threshold)
    candidates = asked.candidates(policy)
    smaller = range(1, min(len(way.steps) if way.found else EXACT + 1, EXACT + 1))
    sets = [s for size in smaller for s in combinations(candidates, size)]
    sound = [s for s in sets if len({one.subject for one in s}) == len(s)]
    if sound:
        assert min(asked.probabilities(sound)) >= way.threshold


def test_passes_count_for_the_entities_of_the_line_and_lower_its_rates() -> None:
    none, few, many = (WithPasses(Known(), np.array([n]), np.array([n // 10])) for n in (0, 3, 10))
    lines, at = Lines.of([line()]), np.array([AS_OF])
    rows = [build_frame(lines, known, at, model().feature_spec).values[0] for known in (none, few, many)]
    assert rows[0][3] > rows[1][3] > rows[2][3]  # the consignee's failures per inspection
    assert rows[0][4] == 50.0
    assert rows[1][4] == rows[2][4] == pytest.approx(0.0, abs=1e-9)
    assert rows[2][5] > rows[0][5]
    assert [row[2] for row in rows] == [rows[0][2]] * 3


def test_only_what_deviates_and_what_is_alike_is_corrected() -> None:
    offered = {step.change.code: step for step in situation().candidates(change_policy())}
    assert offered["price_corrected"].value == pytest.approx(100.0, rel=1e-3)
    assert offered["origin_corrected"].value == "CN"
    usual = situation(total_price=1000.0, value_cny=1000.0, departure="DE")
    offered = {step.change.code: step for step in usual.candidates(change_policy())}
    assert "price_corrected" not in offered
    assert "origin_corrected" not in offered
    codes = [s.value for s in usual.candidates(change_policy()) if s.change.code == "hs_code_corrected"]
    assert codes == ["8516210000", "8516330000"]


def test_a_corrected_price_is_the_usual_price() -> None:
    step = Step(change_policy().change[3], 100.0)
    assert Lines.of([step.applied(line())])["unit_price_cny"][0] == pytest.approx(100.0)


def test_where_nothing_helps_it_says_so() -> None:
    goal = Boundary(1e-9, RiskGrade.IV)
    way = way_down(situation(), change_policy(), goal)
    assert not way.found
    assert "No admissible change" in way_down_text(way, "en")
    assert "均不能" in way_down_text(way, "zh")
    none = way_down(situation(), ChangePolicy(version="t", change=()), goal)
    assert (none.found, none.steps, none.tried) == (False, (), 0)
    assert "No admissible" in way_down_text(none, "en")
    mildest = way_down(situation(), change_policy(), None)
    assert (mildest.found, mildest.threshold, mildest.grade) == (True, None, None)
    assert "no lower one has a milder grade" in way_down_text(mildest, "en")


def test_a_policy_that_cannot_be_followed_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    for text in ('version = "1"', 'version = "1"\nthresholds = [0.5]\nchange = []', "nonsense"):
        file.write_text(text, encoding="utf-8")
        change_policy.cache_clear()
        with pytest.raises(InvalidPolicy, match="policy"):
            change_policy(file)
    change_policy.cache_clear()


def test_every_change_is_said_in_both_languages() -> None:
    for change in change_policy().change:
        assert change.says("7", "zh") != change.says("7", "en")
