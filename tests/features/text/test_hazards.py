"""What is dangerous is found with its words, what is denied is not, and who was hurt is counted."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.text.classifier import read_classifier
from features.text.dictionary import hazard_terms, lexicon_rows, near_words
from features.text.errors import TextModelError
from features.text.hazards import HazardReader, fit_hazards, hazard_document
from features.text.injuries import injury_in
from features.text.lexicon import hazards, mentions
from features.text.normal import normalise
from features.text.notices import notice_hazards
from features.text.tokens import Tokenizer

SENTENCES = Path(__file__).parents[2] / "data" / "hazard_sentences.jsonl"
TEXTS = [
    ("插座外壳漏电,摸上去麻手", {"electric_shock"}),
    ("插座有电,一碰就被电到", {"electric_shock"}),
    ("充电宝冒烟起火了", {"fire_explosion"}),
    ("电池短路自燃", {"fire_explosion"}),
    ("奶粉里面有虫子和异物", {"foreign_matter"}),
    ("饼干里有玻璃渣", {"foreign_matter"}),
    ("外套没有中文标签", {"labelling_marking"}),
    ("面霜没有生产日期", {"labelling_marking"}),
    ("插座不漏电,很好用", set()),
    ("充电宝没有冒烟", set()),
    ("快递很快,好评", set()),
    ("颜色好看,推荐", set()),
]


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    return Tokenizer(tmp_path_factory.mktemp("home") / "jieba")


@pytest.fixture(scope="module")
def model(tokenizer):
    return fit_hazards([text for text, _ in TEXTS], [names for _, names in TEXTS], tokenizer)


def found(reader: HazardReader, text: str) -> set[str]:
    return {one.hazard for one in reader.read(text).hazards}


def test_the_taxonomy_has_twenty_classes_and_every_term_is_of_one_of_them():
    assert len(hazards()) == 20
    assert {hazard for hazard, _, _ in hazard_terms()} == set(hazards())
    assert all(1 <= one.severity_low <= one.severity_high <= 4 for one in hazards().values())


@pytest.mark.parametrize(
    "text",
    [
        "不漏电",
        "带漏电保护器",
        "甲醛未检出",
        "没有异味",
        "铅镉均未检出",
        "不会划伤",
        "没有发生过触电",
        "之前担心漏电,请电工测了没有问题",
        "辐射没有超标",
        "不含防腐剂",
        "没有异味、毛刺和锐边",
        "通电时外壳不会有电",
        "重金属含量低于限值",
        "防止孩子误吞的设计",
        "插头松动的情况没有",
        "标签、生产日期和说明书都很清楚",
        "铅笔很好写",
        "leader",
    ],
)
@pytest.mark.parametrize("trained", [False, True])
def test_what_is_denied_or_only_sounds_alike_is_no_hazard(tokenizer, model, text, trained):
    reader = HazardReader(tokenizer, model if trained else None)
    assert found(reader, f"这个商品{text}。") == set()


@pytest.mark.parametrize(
    ("text", "hazard"),
    [
        ("這個插座漏電", "electric_shock"),
        ("不小心被烫伤了", "burns_heat"),
        ("沒有中文標籤", "labelling_marking"),
        ("耐压不合格", "electric_shock"),
        ("Salmonella found in eggs", "microbiological"),
        ("不但刺鼻而且掉色", "chemical_skin_inhalation"),
        ("没用两天就漏电", "electric_shock"),
        ("会不会是假货", "fraud_counterfeit"),
        ("包装上找不到生产日期", "labelling_marking"),
        ("标签没有贴", "labelling_marking"),
        ("样品中铅含量为标准的三倍", "heavy_metals"),
        ("漏电保护不跳闸", "electric_shock"),
        ("手机充电时特别烫", "fire_explosion"),
    ],
)
def test_what_is_said_is_found(tokenizer, text, hazard):
    assert hazard in found(HazardReader(tokenizer), text)


@pytest.mark.parametrize(
    ("near", "far"),
    [("杯子掉色", "头发掉色"), ("苹果烂了", "包装烂了"), ("铅严重超标", "铅"), ("吃出头发", "头发很柔顺")],
)
def test_a_word_that_means_many_things_needs_another_beside_it(near, far):
    assert [mention for mention in mentions(near) if not mention.denied]
    assert not [mention for mention in mentions(far) if not mention.denied]


def test_what_a_word_needs_stands_in_the_same_sentence_and_is_not_denied():
    assert not mentions("铅。水垢超标")
    assert all(mention.denied for mention in mentions("铅没有超标"))


def test_another_word_with_the_same_signs_says_nothing():
    assert [mentions(text) for text in ("装系统很麻烦", "带电池", "打手机", "锋利度")] == [[]] * 4


def test_every_group_of_neighbours_that_a_term_names_has_words():
    groups = near_words()
    assert {row.near for row in lexicon_rows()} - {""} == set(groups)
    assert all(groups.values())


def test_the_taxonomy_is_in_the_lexicon_and_ours_is_marked():
    rows = list(lexicon_rows())
    assert {row.provenance for row in rows} == {"reference", "ours"}
    assert {row.kind for row in rows} == {"term", "negation", "missing", "other"}
    assert len({(row.hazard, row.kind, row.term, row.near) for row in rows}) == len(rows)


def test_a_hazard_that_no_text_was_labelled_with_is_still_read(tokenizer, model):
    assert "burns_heat" in found(HazardReader(tokenizer, model), "孩子被烫伤了")


def test_the_words_that_carry_a_hazard_stand_where_they_were_written(tokenizer, model):
    text = "㎏级插座漏電,孩子麻手"
    for reader in (HazardReader(tokenizer), HazardReader(tokenizer, model)):
        first = reader.read(text).hazards[0]
        assert first.hazard == "electric_shock"
        assert {text[word.start : word.end] for word in first.words} == {"漏電", "麻手"}
        assert 0.5 <= first.probability <= 1


@pytest.mark.parametrize(
    ("text", "severity", "injured"),
    [
        ("两人死亡", 4, 2),
        ("无人死亡", 0, 0),
        ("没有受伤", 0, 0),
        ("孩子住院观察", 3, 1),
        ("家里3个人受伤", 2, 3),
        ("摸上去麻手", 1, 0),
        ("没有烫伤过", 0, 0),
        ("两名儿童被烫伤", 2, 2),
        ("电热水壶炸裂,十二名学生不同程度烧伤", 2, 12),
        ("起火造成2人死亡,5人受伤", 4, 7),
        ("爆炸致一死三伤", 4, 4),
        ("5人食物中毒,其中1人死亡", 4, 5),
        ("烫伤了两个孩子", 2, 2),
        ("一家三口吃完都上吐下泻拉肚子", 2, 3),
        ("多人腹泻", 2, 2),
        ("数十名学生呕吐", 2, 20),
        ("孩子误吞纽扣电池做了手术", 3, 1),
        ("手指骨折,缝了五针", 3, 1),
        ("老人洗澡时触电身亡", 4, 1),
        ("窒息昏迷送进重症监护室", 4, 1),
        ("戴了一天耳朵起疹子又红又痒", 2, 1),
        ("闻着头晕恶心", 1, 0),
        ("用了两天就触电", 2, 1),
        ("可能导致窒息", 0, 0),
        ("差点噎住", 0, 0),
        ("有触电风险", 0, 0),
        ("小心烫伤", 0, 0),
        ("不小心烫伤了手", 2, 1),
        ("充电到一半,不适合老人", 0, 0),
        ("过敏体质的人也能用", 0, 0),
        ("手术刀很锋利", 0, 0),
        ("没有人员伤亡", 0, 0),
        ("幸好无人受伤", 0, 0),
        ("很好用", 0, 0),
    ],
)
def test_who_was_hurt_is_read(text, severity, injured):
    found = injury_in(normalise(text)[0])
    assert (found.severity, found.injured) == (severity, injured)


def test_an_injury_raises_the_severity_of_the_hazard(tokenizer):
    reader = HazardReader(tokenizer)
    assert reader.read("蛋糕里有玻璃渣").hazards[0].severity == 1
    assert reader.read("蛋糕里有玻璃渣,孩子住院").hazards[0].severity == 3


def test_a_trained_model_is_the_same_after_writing_and_reading(tokenizer, model, tmp_path):
    model.save(tmp_path / "hazards.npz")
    again = read_classifier(tmp_path / "hazards.npz")
    documents = [hazard_document(text, tokenizer) for text, _ in TEXTS]
    assert np.array_equal(again.margins(documents), model.margins(documents))


def test_contributions_add_up_to_the_margin(tokenizer, model):
    document = hazard_document("插座漏电冒烟", tokenizer)
    for place, hazard in enumerate(model.classes):
        added = sum(model.contributions(document, hazard).values())
        assert added + model.intercepts[place] == pytest.approx(model.margins([document])[0, place], abs=1e-9)


def test_what_is_no_model_and_what_is_no_hazard_is_refused(tokenizer, tmp_path):
    path = tmp_path / "no.npz"
    path.write_bytes(b"not a model")
    with pytest.raises(TextModelError, match=r"no\.npz is not a text model"):
        read_classifier(path)
    with pytest.raises(TextModelError, match="hazard boredom"):
        fit_hazards(["无聊"], [["boredom"]], tokenizer)


def test_categories_of_european_notices_are_hazards_of_ours():
    assert notice_hazards("Pesticide residues; Pesticide residues; heavy metals") == [
        "heavy_metals",
        "pesticide_vetdrug",
    ]
    assert notice_hazards("n/a") == []


@settings(max_examples=80)
@given(st.text(alphabet="不没有漏电保护器冒烟,。異味ＶＯＣ㎏ fire\n", max_size=60))
def test_mentions_lie_in_the_text_and_never_overlap(text):
    end = 0
    for mention in mentions(normalise(text)[0]):
        assert end <= mention.start < mention.end
        end = mention.end


def test_the_hand_labelled_sentences_are_short_and_of_the_taxonomy(tokenizer):
    rows = [json.loads(line) for line in SENTENCES.read_text(encoding="utf-8").splitlines()]
    assert len(rows) >= 200
    assert all(set(row["hazards"]) <= hazards().keys() and len(row["text"]) <= 110 for row in rows)
