"""Records in words: every term of the vocabularies that a record is shown with has both languages."""

from __future__ import annotations

import pytest

from features.catalog import CATALOG
from features.entities import TALLIES
from features.evidence import Evidence
from features.feature import Aggregate, Among, Counted
from features.records import Declaration, Inspection, Nonconformity, Opinion, Party
from features.terms import Channel, Depth, Direction, FindingCategory, FindingSource, Outcome, Selection
from models.wording.records import brief_total, record_text, total_text
from models.wording.terms import WORDS, word

SHOWN = (Depth, Outcome, Selection, FindingSource, FindingCategory, Channel)


@pytest.mark.parametrize("kind", SHOWN)
def test_every_term_has_a_word_in_both_languages(kind: type) -> None:
    for term in kind:  # type: ignore[attr-defined]
        assert word(term, "zh").strip()
        assert word(term, "en").strip()


def test_words_are_told_apart() -> None:
    assert all(zh != en for zh, en in WORDS.values())


def test_every_record_names_its_day_and_id() -> None:
    at = 1_770_000_000_000_000
    records = [
        Inspection(id="I-1", happened_at=at, declaration_id="L-1", outcome=Outcome.RETURNED),
        Nonconformity(id="N-1", happened_at=at, source=FindingSource.OVERSEAS_NOTICE, severity=3),
        Opinion(id="O-1", happened_at=at, channel=Channel.HOTLINE_12315, text="漏电"),
        Declaration(id="D-1", happened_at=at, direction=Direction.IMPORT, hs_code="8516109000"),
        Party(id="P-1", happened_at=at),
    ]
    for record in records:
        for language in ("zh", "en"):
            said = record_text(record, language)  # type: ignore[arg-type]
            assert said.startswith("2026-02-02")
            assert record.id in said
    assert "不合格，退运" in record_text(records[0], "zh")


@pytest.mark.parametrize("among", Among)
@pytest.mark.parametrize("tally", TALLIES)
def test_every_count_can_be_said(tally: str, among: Among) -> None:
    for window in (None, 90):
        found = Evidence(Counted(tally, "hs4", window, among), 1234, 5, ())
        assert "1,234" in total_text(found, "zh")
        assert "1,234" in total_text(found, "en")


def test_every_feature_of_the_history_says_what_it_counts() -> None:
    for feature in CATALOG.values():
        if isinstance(feature.source, Aggregate):
            counted = feature.counted
            assert counted is not None
            assert counted.entity in TALLIES[counted.tally].entities
            assert counted.window in TALLIES[counted.tally].windows
            assert counted.entity in feature.name
    assert all(CATALOG[f"price_to_usual_by_{name}"].counted for name in ("hs10", "hs10_origin"))
    assert CATALOG["origin"].counted is None


def test_a_sum_over_several_entities_says_whose_records_were_counted() -> None:
    told = {
        "known_defects": (
            "该生产企业的查验结果 29 条，不合格 7 条",
            "29 inspection results of this manufacturer, 7 failed",
        ),
        "complaint_evidence": ("该品牌的投诉 29 条", "29 complaints about this brand"),
        "nonconformity_ratio_by_brand_all": ("计入 29 条，不合格 7 条", "29 counted, 7 failed"),
    }
    for name, (zh, en) in told.items():
        counted = CATALOG[name].counted
        assert counted is not None
        failed = 7 if counted.tally == "inspected" else None
        found = Evidence(counted, 29, failed, ())
        assert brief_total(CATALOG[name], found, "zh") == zh
        assert brief_total(CATALOG[name], found, "en") == en
        assert zh.split(" ")[0].removeprefix("计入") in total_text(found, "zh")
    one = CATALOG["complaint_evidence"]
    assert one.counted is not None
    assert brief_total(one, Evidence(one.counted, 1, None, ()), "en") == "1 complaint about this brand"


def test_a_sum_over_several_entities_says_no_count_of_nothing() -> None:
    for feature in CATALOG.values():
        if feature.counted is not None:
            nothing = Evidence(feature.counted, 0, None, ())
            said = [brief_total(feature, nothing, "zh"), brief_total(feature, nothing, "en")]
            assert said == (
                ["未计入记录", "none counted"] if isinstance(feature.source, Aggregate) else [None, None]
            )
            assert total_text(nothing, "zh")
