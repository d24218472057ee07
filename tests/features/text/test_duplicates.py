"""The same complaint filed twice is one; two alike complaints about different things are two."""

from __future__ import annotations

from features.text.duplicates import DuplicateIndex

SAID = "我在网上购买的卷发棒插上电以后外壳漏电,摸上去麻手,要求有关部门处理"


def test_a_complaint_filed_twice_is_found_even_slightly_reworded():
    index = DuplicateIndex()
    assert index.add("a", SAID) is None
    again = index.add("b", SAID)
    assert again is not None
    assert (again.id, again.share) == ("a", 1.0)
    reworded = index.add("c", f"市民反映:{SAID.replace(',', ',').replace('卷', '卷')}。")
    assert reworded is not None
    assert reworded.share > 0.7
    assert index.cluster("c") == index.cluster("b") == index.cluster("a") == "a"


def test_other_complaints_and_very_short_ones_are_no_duplicates():
    index = DuplicateIndex()
    index.add("a", SAID)
    assert index.add("b", "幼儿园的积木玩具小零件掉下来,孩子差点误吞,去医院检查") is None
    assert index.cluster("b") == "b"
    assert index.add("c", "质量不好") is None
    assert index.add("d", "质量不好") is None


def test_the_same_identifier_again_is_not_its_own_duplicate():
    index = DuplicateIndex()
    index.add("a", SAID)
    assert index.add("a", SAID) is None


def test_the_same_texts_in_the_same_order_give_the_same_answers():
    texts = [f"{SAID}{'很失望' * (n % 3)}" for n in range(12)]
    first, second = DuplicateIndex(), DuplicateIndex()
    assert [first.add(str(n), text) for n, text in enumerate(texts)] == [
        second.add(str(n), text) for n, text in enumerate(texts)
    ]
