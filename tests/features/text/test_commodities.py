"""Goods and parties are found in texts, surely where named, modestly where only alike."""

from __future__ import annotations

import numpy as np
import pytest

from features.text.classifier import fit_classifier, read_classifier
from features.text.commodities import HeadingReader, fit_sure_titles, fit_titles, read_titles, tariff_names
from features.text.errors import TextModelError
from features.text.grams import Document, Shape, vocabulary_of
from features.text.names import NameIndex
from features.text.neighbours import remember
from features.text.parties import short_names
from features.text.tokens import Tokenizer

DECLARED = [
    ("卷发棒", "8516"),
    ("卷发棒", "8516"),
    ("锂电池", "8507"),
    ("积木玩具", "9503"),
    ("玩具", "9503"),
]
TITLES = [
    ("保湿 面膜 补水", "3304"),
    ("口红 唇膏", "3304"),
    ("速溶 咖啡 粉", "2101"),
    ("黑 咖啡 条", "2101"),
] * 5


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    return Tokenizer(tmp_path_factory.mktemp("home") / "jieba")


@pytest.fixture(scope="module")
def reader(tokenizer):
    documents = [Document(title.split(), title) for title, _ in TITLES]
    return HeadingReader(tokenizer, DECLARED, fit_sure_titles(documents, [heading for _, heading in TITLES]))


def test_a_declared_name_is_found_where_it_was_written(reader):
    text = "㎏,這個捲发棒和卷发棒都漏电"
    first = reader.read(text)[0]
    assert first.hs4 == "8516"
    assert [text[start:end] for start, end in first.spans] == ["捲发棒", "卷发棒"]
    assert 0.5 < first.confidence < 1


def test_of_two_names_at_one_place_the_longer_is_meant(reader):
    (only,) = reader.read("孩子的积木玩具掉漆")
    assert only.hs4 == "9503"
    assert len(only.spans) == 1


def test_a_name_of_two_headings_is_less_sure(tokenizer):
    reader = HeadingReader(tokenizer, [("电机", "8501"), ("电机", "8501"), ("电机", "8412")])
    first, second = reader.read("电机冒烟")
    assert (first.hs4, second.hs4) == ("8501", "8412")
    assert first.confidence == pytest.approx(0.5)
    assert second.confidence == pytest.approx(0.25)


def test_without_a_name_titles_and_the_tariff_decide_and_say_no_place(reader):
    first = reader.read("补水 面膜")[0]
    assert (first.hs4, first.spans) == ("3304", ())
    assert reader.read("改良种用的马")[0].hs4 == "0101"


def test_tariff_names_carry_no_remainders():
    names = tariff_names()
    assert len(names) > 5_000
    assert not any(name.startswith(("其他", "未列名")) for name, _ in names)
    assert all(len(heading) == 4 for _, heading in names)


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("长沙泽旭汇科技有限公司", "长沙泽旭汇"),
        ("义乌宁京铭供应链管理有限公司", "义乌宁京铭"),
        ("Petime Sama Industries Ltd", "petime sama"),
        ("Variri Fapi Co., Ltd.", "variri fapi"),
        ("广东格兰仕集团有限公司", "广东格兰仕"),
        ("Masede", "masede"),
    ],
)
def test_an_enterprise_goes_by_its_usual_short_name(name, short):
    assert short_names(name)[-1] == short


def test_names_too_short_or_of_digits_say_nothing():
    assert len(NameIndex([("a", "x"), ("123", "y"), ("", "z")])) == 0


def test_a_classifier_is_the_same_after_writing_and_its_contributions_add_up(tmp_path):
    documents = [Document(title.split(), title) for title, _ in TITLES]
    model = fit_classifier(documents, [heading for _, heading in TITLES])
    model.save(tmp_path / "titles.npz")
    again = read_classifier(tmp_path / "titles.npz")
    assert np.array_equal(again.margins(documents), model.margins(documents))
    for place, heading in enumerate(model.classes):
        added = sum(model.contributions(documents[0], heading).values()) + model.intercepts[place]
        assert added == pytest.approx(model.margins(documents[:1])[0, place], abs=1e-9)
    assert model.probabilities(documents).sum(axis=1) == pytest.approx(np.ones(len(documents)))


def test_telling_runs_count_for_more_and_the_margin_stays_a_sum_of_contributions():
    texts = ["太 差 了", "差 评 退货", "质量 差", "很 好 用", "好 评 推荐", "质量 好"] * 3
    labels = ["0", "0", "0", "1", "1", "1"] * 3
    documents = [Document(text.split(), text) for text in texts]
    model = fit_classifier(documents, labels, telling=True)
    assert model.predict([Document(["非常", "差"], "非常 差"), Document(["好"], "好")]) == ["0", "1"]
    said = model.contributions(documents[2], "0")
    assert abs(said["w:质量"]) < 0.05 < said["w:差"]
    total = sum(said.values()) + model.intercepts[0]
    assert total == pytest.approx(model.margins([documents[2]])[0, 0], abs=1e-6)


def test_titles_are_told_apart_and_one_class_alone_is_refused():
    documents = [Document(title.split(), title) for title, _ in TITLES]
    assert fit_titles(documents, [heading for _, heading in TITLES]).predict(documents[:3]) == [
        "3304",
        "3304",
        "2101",
    ]
    with pytest.raises(TextModelError, match="at least two"):
        fit_classifier(documents, ["3304"] * len(documents))


def test_a_title_model_is_the_same_after_writing_and_reading_and_half_of_one_is_refused(tmp_path):
    documents = [Document(title.split(), title) for title, _ in TITLES]
    model = fit_sure_titles(documents, [heading for _, heading in TITLES])
    model.save(tmp_path / "titles")
    again = read_titles(tmp_path / "titles")
    assert np.array_equal(again.probabilities(documents), model.probabilities(documents))
    (tmp_path / "titles" / "memory.npz").unlink()
    with pytest.raises(TextModelError, match="no title memory"):
        read_titles(tmp_path / "titles")


def test_a_memory_votes_for_the_label_of_the_copy():
    documents = [Document(title.split(), title) for title, _ in TITLES[:4]]
    memory = remember(vocabulary_of(documents, Shape(1, 2)), documents, ["a", "b", "c", "d"])
    shares, nearest = memory.votes(documents)
    assert shares.argmax(axis=1).tolist() == [0, 1, 2, 3]
    assert nearest == pytest.approx(np.ones(4))
    assert memory.votes([Document([], "")])[0].sum() == 0
