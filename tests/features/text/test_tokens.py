"""Words have their place in the text as written, and a version of the dictionary always cuts alike."""

from __future__ import annotations

import hashlib
import stat
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.text import TEXT_VERSION
from features.text.tokens import LONGEST, Tokenizer, hazard_terms, normalise

SAMPLE = "奶瓶使用两次后漏电,孩子被电到麻手;ＶＯＣ刺鼻，双酚Ａ超标,阻燃合格。沙门氏菌 Salmonella 检出"


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    return Tokenizer(tmp_path_factory.mktemp("home") / "jieba")


def test_hazard_terms_are_words_of_their_own(tokenizer):
    words = {token.word for token in tokenizer.tokens(SAMPLE)}
    assert {"漏电", "麻手", "voc", "刺鼻", "双酚a", "阻燃合格", "沙门氏菌", "salmonella"} <= words


def test_every_hazard_term_alone_is_one_word(tokenizer):
    for _, _, term in hazard_terms():
        assert [token.word for token in tokenizer.tokens(term)] == [normalise(term)[0]]


@settings(max_examples=60)
@given(st.text(max_size=80) | st.text(alphabet="ＶＯＣ双酚Ａ漏电ß㎏①ﬁ, 。", max_size=80))
def test_offsets_are_of_the_text_as_it_was_written(tokenizer, text):
    end = 0
    for token in tokenizer.tokens(text):
        assert 0 <= token.start < token.end <= len(text)
        assert token.start >= end - 1, "words overlap only where one written sign holds two"
        assert token.word in normalise(text[token.start : token.end])[0]
        end = token.end


def test_a_text_beyond_the_limit_is_cut_and_quick(tokenizer):
    text = "".join(chr(0x4E00 + (n * 7919) % 20_000) for n in range(20_000))
    begun = time.process_time()
    tokens = tokenizer.tokens(text)
    assert time.process_time() - begun < 2
    assert tokens[-1].end <= LONGEST


def test_threads_get_the_same_words(tokenizer):
    expected, found = tokenizer.tokens(SAMPLE), []
    threads = [threading.Thread(target=lambda: found.append(tokenizer.tokens(SAMPLE))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 8


def test_the_compiled_dictionary_lies_in_the_private_folder(tmp_path):
    cache = tmp_path / "private"
    Tokenizer(cache)
    assert [file.name for file in cache.iterdir()] == ["jieba.cache"]
    assert stat.S_IMODE(cache.stat().st_mode) == 0o700


def test_a_text_version_stands_for_one_dictionary_and_one_way_of_cutting(tokenizer):
    lexicon = "\n".join("\t".join(row) for row in hazard_terms())
    words = " ".join(token.word for token in tokenizer.tokens(SAMPLE))
    pinned = hashlib.sha256(f"{lexicon}\n{words}".encode()).hexdigest()[:16]
    assert (TEXT_VERSION, pinned) == ("1", "52893e24a430d412"), "a change of words needs a new TEXT_VERSION"
