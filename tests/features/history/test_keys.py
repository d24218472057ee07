"""Hashes of texts: the same one by one, by the thousand, and taken again of what was hashed before."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from features.coded import Coded
from features.history.keys import BOTH_SEEDS, hash_text, hash_texts

TEXTS = st.lists(st.none() | st.text(st.characters(exclude_categories=[])), max_size=12)


@given(TEXTS)
def test_many_texts_hash_as_each_does_alone(texts):
    alone = [[0 if text is None else hash_text(text, seed) for text in texts] for seed in BOTH_SEEDS]
    for some in (texts, texts * 64):
        told = [one * (len(some) // max(1, len(texts))) for one in alone]
        assert [hashed.tolist() for hashed in hash_texts(some, BOTH_SEEDS)] == told


@given(TEXTS, st.randoms(use_true_random=False))
def test_what_is_taken_of_coded_texts_has_their_hashes(texts, random):
    coded = Coded.of(texts)
    rows = [place for place in range(len(texts)) if random.random() < 0.5]
    for taken in (coded, coded.take(rows)):
        fresh = hash_texts(taken.texts().tolist(), BOTH_SEEDS)
        assert [one.tolist() for one in hash_texts(taken, BOTH_SEEDS)] == [one.tolist() for one in fresh]
