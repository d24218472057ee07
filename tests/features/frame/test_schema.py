"""A specification freezes columns and vocabularies, and is refused when it cannot be honoured."""

from __future__ import annotations

import json

import numpy as np
import pytest

from features.catalog import MODEL_FEATURES
from features.errors import FeaturesError
from features.frame import build_frame
from features.goods.edition import Edition
from features.goods.name_risk import NameRisk
from features.instants import DAY, show_instant
from features.schema import FeatureSpec, OtherTextVersion, SpecError, fit_spec
from features.text import TEXT_VERSION

EDITION = Edition(1, 2, (0,), (3,))


def test_a_vocabulary_is_by_frequency_and_then_by_name(judged):
    several = judged.take(np.array([0, 1, 1, 2]))
    spec = fit_spec(several, ["hs4", "origin", "log_value"])
    assert spec.vocabularies == {"hs4": ("9403", "2204", "9503"), "origin": ("FR",)}
    assert spec.categorical == (0, 1)
    assert spec.text_version == TEXT_VERSION


def test_a_specification_survives_json_with_its_fingerprint(judged, name_risk):
    spec = fit_spec(judged, name_risk=name_risk)
    again = FeatureSpec.from_dict(json.loads(json.dumps(spec.to_dict())))
    assert again == spec
    assert again.names == MODEL_FEATURES
    assert again.fingerprint == spec.fingerprint
    assert hash(again) == hash(spec)
    assert again.name_risk.editions == name_risk.editions


@pytest.mark.parametrize(
    "other",
    [
        FeatureSpec(("hs4", "origin"), {"hs4": ("01",), "origin": ("CN", "FR")}),
        FeatureSpec(("origin", "hs4"), {"hs4": ("01",), "origin": ("FR", "CN")}),
        FeatureSpec(("origin", "hs4"), {"hs4": ("01",), "origin": ("CN", "FR")}, "0"),
        FeatureSpec(
            ("origin", "hs4"), {"hs4": ("01",), "origin": ("CN", "FR")}, name_risk=NameRisk(("a",), [EDITION])
        ),
    ],
)
def test_order_vocabulary_text_version_and_editions_all_change_the_fingerprint(other):
    spec = FeatureSpec(("origin", "hs4"), {"hs4": ("01",), "origin": ("CN", "FR")})
    assert spec != other


@pytest.mark.parametrize(
    ("plain", "says"),
    [
        ({"names": ["nosuch"], "vocabularies": {}, "text_version": "1"}, "'nosuch' is no feature"),
        ({"names": ["log_value"] * 2, "vocabularies": {}, "text_version": "1"}, "stands 2 times"),
        ({"names": ["origin"], "vocabularies": {}, "text_version": "1"}, r"wrong for \['origin'\]"),
        ({"names": [], "vocabularies": {"origin": []}, "text_version": "1"}, r"wrong for \['origin'\]"),
        (
            {"names": ["origin"], "vocabularies": {"origin": ["A", "A"]}, "text_version": "1"},
            "repeats a code",
        ),
        ({"names": ["origin"], "vocabularies": {"origin": [7]}, "text_version": "1"}, "not a feature spec"),
        ({"names": ["log_value"], "vocabularies": {}}, "text_version"),
        ({"names": [], "vocabularies": {}, "text_version": "1", "name_risk": {"runs": []}}, "editions"),
    ],
)
def test_what_cannot_be_honoured_is_refused_with_its_reason(plain, says):
    with pytest.raises(FeaturesError, match=says):
        FeatureSpec.from_dict(plain)


def test_a_column_that_no_catalogue_has_cannot_be_fitted(judged):
    with pytest.raises(SpecError, match="nosuch"):
        fit_spec(judged, ["origin", "nosuch"])


def test_no_frame_is_built_for_a_model_of_another_dictionary(judged, slow_history):
    spec = FeatureSpec(("log_value",), {}, "0")
    with pytest.raises(OtherTextVersion, match=f"text version 0, this software has {TEXT_VERSION}") as caught:
        build_frame(judged, slow_history, judged["happened_at"], spec)
    assert "customs-risk train" in caught.value.remedy
    with pytest.raises(OtherTextVersion):
        spec.prepare()


def test_a_model_says_where_other_exchange_rates_are_in_force_than_it_learned_by(judged, rates, caplog):
    rates("USD,2000-01-01,7")
    spec = FeatureSpec.from_dict(fit_spec(judged, ["log_value"]).to_dict())
    spec.prepare()
    later = show_instant(int(judged["happened_at"].max()) + DAY)[:10]
    rates("USD,2000-01-01,7", f"USD,{later},70")
    spec.prepare()
    assert not caplog.text
    rates("USD,2000-01-01,7.1")
    spec.prepare()
    assert "other exchange rates" in caplog.text
    assert fit_spec(judged, ["log_value"]).fingerprint != spec.fingerprint


def test_a_specification_of_before_rates_were_named_keeps_its_fingerprint_and_says_nothing(judged, caplog):
    plain = fit_spec(judged, ["log_value"]).to_dict()
    del plain["rates"], plain["rates_until"]
    spec = FeatureSpec.from_dict(plain)
    spec.prepare()
    assert spec.to_dict() == plain
    assert not caplog.text
