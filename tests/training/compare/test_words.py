"""What pages name is named in both languages, by words that stand once."""

from __future__ import annotations

import re

from features.catalog import CATALOG, MODEL_FEATURES
from features.feature import Family
from features.regimes import Regime
from features.schema import FeatureSpec
from features.terms import Direction
from training.compare.reasons import Reasons
from training.compare.tables import _reasons
from training.compare.words import cell_words, family_words, feature_words, member_words, slice_words
from training.drift.distance import Distance
from training.drift.tables import _distances
from training.members import members

CHINESE = re.compile(r"[\u4e00-\u9fff]")


def test_families_features_and_members_have_chinese_names() -> None:
    for family in Family:
        assert CHINESE.search(family_words(str(family))[0])
    for name in MODEL_FEATURES:
        zh, en = feature_words(name)
        assert zh.startswith(f"{name} ")
        assert CHINESE.search(zh)
        assert en
        assert not CHINESE.search(en)
    codes = {name: ("X",) for name in MODEL_FEATURES if CATALOG[name].dtype is str}
    for member in members(FeatureSpec(MODEL_FEATURES, codes)):
        assert CHINESE.search(member_words(member.name)[0])
    assert feature_words("gone_since") == ("gone_since", "gone_since")


def test_cells_and_ages_are_said_in_both_languages() -> None:
    assert cell_words("import general 85") == ("进口 一般商品 85", "import, general goods, 85")
    for direction in Direction:
        for regime in Regime:
            assert not re.search("[a-z]", cell_words(f"{direction} {regime} 01")[0])
    assert slice_words("new_enterprise", "known ≥ 90 d") == ("首次申报已满 90 天", "known ≥ 90 d")
    assert slice_words("new_enterprise", "first seen < 30 d") == ("首次申报不足 30 天", "first seen < 30 d")


def test_the_stability_of_reasons_names_families_in_both_languages() -> None:
    table = _reasons(Reasons(300, 0.8, 0.5, {"route": (0.1, 0.2), "goods": (0.3, 0.2)}))
    assert [row[0] for row in table.rows] == [("运输与通关", "Route and clearance"), ("商品", "Goods")]


def test_drift_names_features_families_scores_and_words_in_both_languages() -> None:
    named = [
        ("feature", "known_defects"),
        ("contribution", "route"),
        ("score", "log-odds"),
        ("text", "words of the goods"),
    ]
    found = [Distance(kind, name, 0.2, 0.1, 0.0, 0.0, True) for kind, name in named]
    said = [row[1] for row in _distances(("", ""), found).rows]
    assert said[0][0].startswith("known_defects ")
    assert said[1] == ("运输与通关", "Route and clearance")
    assert all(CHINESE.search(zh) and not CHINESE.search(en) for zh, en in said)
