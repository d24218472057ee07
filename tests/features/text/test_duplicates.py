"""The same complaint filed twice is one; two alike complaints about different things are two."""

from __future__ import annotations

from features.text.duplicates import Print, most_alike, print_of
from features.text.normal import normalise

SAID = "我在网上购买的卷发棒插上电以后外壳漏电,摸上去麻手,要求有关部门处理"


def printed(text):
    return print_of(normalise(text)[0])


def test_a_complaint_filed_twice_is_found_even_slightly_reworded():
    earlier = {"a": printed(SAID)}
    again = most_alike(printed(SAID), earlier)
    assert again is not None
    assert (again.id, again.share) == ("a", 1.0)
    reworded = most_alike(printed(f"市民反映:{SAID}。"), earlier)
    assert reworded is not None
    assert reworded.share > 0.7


def test_texts_alike_share_a_band_by_which_they_are_looked_up():
    assert set(printed(SAID).bands()) & set(printed(f"市民反映:{SAID}。").bands())


def test_other_complaints_and_very_short_ones_are_no_duplicates():
    other = printed("幼儿园的积木玩具小零件掉下来,孩子差点误吞,去医院检查")
    assert most_alike(other, {"a": printed(SAID)}) is None
    assert printed("质量不好") is None


def test_the_most_alike_wins_and_of_several_equal_the_first():
    near = printed(f"{SAID}很失望")
    assert most_alike(near, {"a": printed(SAID), "b": near, "c": near}).id == "b"


def test_a_print_is_the_same_after_storing():
    stored = Print.from_bytes(printed(SAID).to_bytes())
    assert stored.bands() == printed(SAID).bands()
    assert stored.share(printed(SAID)) == 1.0
