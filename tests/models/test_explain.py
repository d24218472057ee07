from __future__ import annotations

import math
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.catalog import CATALOG, MODEL_FEATURES
from features.terms import Direction
from models.explain import OTHER, Explanation, explanation, family_of, probability_steps
from models.scores import Contribution
from models.wording import audit, one_line, page, phrases, reason_text

sys.path.insert(0, str(Path(__file__).parent))

from model_samples import NAMES, model, rows

LOG_ODDS = st.floats(-8, 8)
VOCABULARIES = dict(model().feature_spec.vocabularies)


def explained(row: int = 0) -> Explanation:
    X = rows(5)
    found = model().explain(X, [Direction.IMPORT] * 5)
    return explanation(model().feature_spec, X[row].tolist(), found, row)


@given(base=LOG_ODDS, added=st.lists(LOG_ODDS, max_size=20))
def test_steps_lead_from_the_base_to_the_probability(base: float, added: list[float]) -> None:
    def sigmoid(z: float) -> float:
        return 1 / (1 + math.exp(-z))

    end = sigmoid(base) + math.fsum(probability_steps(base, added))
    assert end == pytest.approx(sigmoid(base + math.fsum(added)), abs=1e-12)


@given(base=LOG_ODDS, added=st.lists(LOG_ODDS, max_size=20))
def test_a_step_has_the_sign_of_its_log_odds(base: float, added: list[float]) -> None:
    for by, step in zip(added, probability_steps(base, added), strict=True):
        assert step == 0 or (step > 0) == (by > 0)


def test_families_and_base_add_up_to_the_log_odds_shown() -> None:
    found = explained()
    total = found.base + math.fsum(heading.log_odds for heading in found.headings())
    assert total == pytest.approx(found.log_odds, abs=1e-9)


def test_families_come_strongest_first_and_hold_each_feature_once() -> None:
    headings = explained().headings()
    sizes = [abs(heading.log_odds) for heading in headings]
    assert sizes == sorted(sizes, reverse=True)
    assert sorted(c.feature for heading in headings for c in heading.contributions) == sorted(NAMES)


def test_reasons_are_the_strongest_either_way_and_never_empty_ones() -> None:
    found = [Contribution("weekday", "route", 1.0, 0.0), Contribution("log_value", "price", None, -2.0)]
    found.append(Contribution("duty_rate", "goods", 3.0, 1.0))
    reasons = Explanation(-2.0, -3.0, 0.047, tuple(found)).reasons()
    assert [reason.contribution.feature for reason in reasons] == ["log_value", "duty_rate"]


def test_what_several_windows_say_alike_takes_one_of_the_five_places() -> None:
    families = [[one for one in CATALOG if CATALOG[one].kin == CATALOG[name].kin] for name in MODEL_FEATURES]
    alike = max(families, key=len)
    assert len(alike) > 1
    found = [Contribution(name, "enterprise", 1.0, 2.0 + at) for at, name in enumerate(alike)]
    found.append(Contribution("duty_rate", "goods", 3.0, 1.0))
    whole = Explanation(-2.0, 9.0, 0.9, tuple(found))
    assert [reason.contribution.feature for reason in whole.reasons()] == [alike[-1], "duty_rate"]
    assert len(whole.reasons(most=None)) == len(found)


@pytest.mark.parametrize(
    "alike", [("hs2", "hs4"), ("price_to_usual_by_hs10_origin", "price_score_by_hs10_origin")]
)
def test_what_is_one_thing_to_an_officer_is_one_reason(alike: tuple[str, str]) -> None:
    found = [Contribution(name, "goods", 1.0, 1.0 + at) for at, name in enumerate(alike)]
    reasons = Explanation(-2.0, 1.0, 0.7, tuple(found)).reasons()
    assert [reason.contribution.feature for reason in reasons] == [alike[1]]


def test_a_missing_value_is_explained_as_missing() -> None:
    values = [np.nan] * len(NAMES)
    found = model().explain(np.array([values]), [Direction.IMPORT])
    whole = explanation(model().feature_spec, values, found, 0)
    assert all(contribution.value is None for contribution in whole.contributions)
    assert page(whole, "zh", VOCABULARIES)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_length_can_be_said_in_both_languages(language: str) -> None:
    found = explained(1)
    line = one_line(found, language, VOCABULARIES)  # type: ignore[arg-type]
    assert f"{found.probability:.1%}" in line
    assert "\n" not in line
    assert 2 <= len(page(found, language, VOCABULARIES)) <= 8  # type: ignore[arg-type]
    whole = audit(found, language, VOCABULARIES)  # type: ignore[arg-type]
    assert len(whole) >= len(NAMES) + 3
    assert not any("{" in text for text in [line, *whole])


def test_a_page_says_what_all_other_features_add() -> None:
    ways = {
        "weekday": 2.0,
        "port_office": 1.0,
        "office": 0.5,
        "origin": 0.4,
        "regime": 0.3,
        "hs4": 0.2,
        "purpose": -0.9,
    }
    moved = tuple(Contribution(name, "route", None, log_odds) for name, log_odds in ways.items())
    found = Explanation(-3.0, 0.5, 1 / (1 + np.exp(-0.5)), moved)
    told = found.reasons()
    rest = found.probability - 1 / (1 + np.exp(3.0)) - sum(reason.step for reason in told)
    assert [reason.contribution.feature for reason in told[:3]] == ["weekday", "port_office", "purpose"]
    assert (
        page(found, "en", {})[-2]
        == f"The other 2 features together: raises the risk by {100 * rest:.1f} percentage points"
    )
    assert page(found, "zh", {})[-2] == f"其余 2 项合计：风险升高 {100 * rest:.1f} 个百分点"
    alone = Explanation(-3.0, -1.0, 1 / (1 + np.exp(1.0)), moved[:1])
    assert len(page(alone, "en", {})) == 3


def test_a_line_that_nothing_sets_apart_says_so() -> None:
    plain = Explanation(-3.0, -3.0, 0.047, (Contribution("weekday", "route", 1.0, 0.0),))
    assert "nothing sets" in one_line(plain, "en", {})


def test_a_tiny_effect_is_not_written_as_nothing() -> None:
    tiny = Explanation(-3.0, -2.9999, 0.047, (Contribution("weekday", "route", 1.0, 0.0001),))
    assert "less than 0.1" in reason_text(tiny.reasons()[0], "en", {})


def test_a_feature_of_an_earlier_catalogue_is_still_explained() -> None:
    assert family_of("a_feature_long_gone") == OTHER
    gone = Explanation(-3.0, -2.0, 0.12, (Contribution("a_feature_long_gone", OTHER, 1.0, 1.0),))
    assert "a_feature_long_gone" in audit(gone, "en", {})[2]


def test_every_phrase_and_family_has_both_languages() -> None:
    said = [value for name, value in vars(phrases).items() if name.isupper() and isinstance(value, tuple)]
    for zh, en in [*said, *phrases.FAMILIES.values()]:
        assert zh.strip()
        assert en.strip()
        assert zh != en
