"""Every feature has a name of its own and can be said in Chinese and English, whatever its value."""

from __future__ import annotations

import dataclasses
import math
import re
from pathlib import Path

import pytest

from features.aggregates import MEASURES
from features.catalog import CATALOG, MODEL_FEATURES, catalogue_of, markdown
from features.entities import ENTITIES, TALLIES
from features.entity_words import ENTITY_WORDS
from features.feature import FAMILY_WORDS, Aggregate, Family, Feature, FeatureDeclarationError, Show
from features.wording import say

ONE = next(iter(CATALOG.values()))
ROOT = Path(__file__).parents[3]
CHINESE = re.compile("[\u4e00-\u9fff]")


def test_a_model_has_at_most_120_columns_all_from_the_catalogue():
    assert len(MODEL_FEATURES) <= 120
    assert len(set(MODEL_FEATURES)) == len(MODEL_FEATURES)
    assert set(MODEL_FEATURES) <= set(CATALOG)


def test_every_family_has_features_and_words():
    assert {feature.family for feature in CATALOG.values()} == set(Family) == set(FAMILY_WORDS)


@pytest.mark.parametrize(
    "sentence", [("", "Value: {value}"), ("货值：{value}", ""), ("货值", "Value: {value}")]
)
def test_a_feature_without_both_sentences_is_refused(sentence):
    with pytest.raises(FeatureDeclarationError, match="sentence"):
        dataclasses.replace(ONE, sentence=sentence)


def test_a_feature_without_a_label_is_refused():
    with pytest.raises(FeatureDeclarationError):
        dataclasses.replace(ONE, label=("货值", " "))


def test_two_features_of_one_name_are_refused():
    with pytest.raises(FeatureDeclarationError, match="twice"):
        catalogue_of([ONE, ONE])


def test_every_entity_of_every_tally_but_all_has_words():
    counted = {entity for tally in TALLIES.values() if tally.name != "priced" for entity in tally.entities}
    assert counted - {"all"} == set(ENTITY_WORDS)
    assert set(ENTITY_WORDS) <= set(ENTITIES)


def test_the_name_of_an_aggregate_says_what_it_reads():
    for name, feature in CATALOG.items():
        if isinstance(feature.source, Aggregate):
            source = feature.source
            measure = next(measure for measure in MEASURES if measure.name == source.measure)
            counted, window = source.counted, source.counted.window
            ending = ("_all" if window is None else f"_{window}d") if measure.windows else ""
            assert name == f"{source.measure}_by_{counted.entity}{ending}"
            assert counted.entity in TALLIES[counted.tally].entities


ROUGH = re.compile(
    r"(?<!about )(?:about|less than|more than) [\d.]+ times|(?:约为|不到|超过)总体的 [\d.]+ 倍"
)


def test_a_rough_ratio_says_itself_how_rough_it_is():
    rough = [feature for feature in CATALOG.values() if feature.show is Show.ROUGHLY]
    for feature in rough:
        for language in ("zh", "en"):
            said = [say(feature, math.log(ratio), language) for ratio in (0.001, 1.5, 1_617.0)]
            assert all(len(ROUGH.findall(one)) == 1 for one in said), said
    assert rough


@pytest.mark.parametrize("value", [math.nan, None, 0.0, 1.0, 2.0, -3.5, 365.0, 1e15])
def test_every_feature_renders_in_both_languages_whatever_its_value(value):
    for feature in CATALOG.values():
        zh, en = (say(feature, value, language, ("2204",)) for language in ("zh", "en"))
        assert CHINESE.search(zh), feature.name
        assert not CHINESE.search(en), feature.name
        for text in (zh, en):
            assert "{" not in text
            assert "nan" not in text.lower().split(), feature.name
            assert "inf" not in text.split()


def value_said(show: Show, value: float, language: str = "en") -> str:
    feature = Feature("x", Family.GOODS, ("x", "x"), ("{value}", "{value}"), ONE.source, show)
    return say(feature, value, language, ("2204", "2205"))


@pytest.mark.parametrize(
    ("show", "value", "zh", "en"),
    [
        (Show.CODE, 0, "模型未见过的代码", "a code that the model has not seen"),
        (Show.CODE, 1, "未申报", "not stated"),
        (Show.CODE, 3, "2205", "2205"),
        (Show.CODE, 4, "模型未见过的代码", "a code that the model has not seen"),
        (Show.TIMES, math.log(2.5), "2.50", "2.50"),
        (Show.ROUGHLY, math.log(1.5), "约为总体的 1.50 倍", "about 1.50 times the usual"),
        (Show.ROUGHLY, math.log(1_617.0), "超过总体的 20 倍", "more than 20 times the usual"),
        (Show.ROUGHLY, math.log(0.001), "不到总体的 0.05 倍", "less than 0.05 times the usual"),
        (Show.AMOUNT, math.log(12_345.6), "12,346", "12,346"),
        (Show.AMOUNT, math.log(0.05), "0.05", "0.05"),
        (Show.SHARE, math.log1p(150), "1.50%", "1.50%"),
        (Show.PERCENT, 0.875, "88%", "88%"),
        (Show.DAYS, 12.2, "12", "12"),
        (Show.DAYS, 365.0, "365 以上（或从未）", "365 or more, or never"),
        (Show.YES_NO, 1.0, "是", "yes"),
        (Show.WEEKDAY, 6.0, "星期日", "Sunday"),
        (Show.COUNT, 1234.0, "1,234", "1,234"),
    ],
)
def test_values_are_shown_as_an_officer_reads_them(show, value, zh, en):
    assert value_said(show, value, "zh") == zh
    assert value_said(show, value, "en") == en


def test_the_table_in_the_documentation_is_the_catalogue():
    text = (ROOT / "docs" / "features.md").read_text(encoding="utf-8")
    assert text == markdown(), "run: python -m features.catalog --markdown > docs/features.md"
