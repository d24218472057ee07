"""Words have their place in the text as written, and a version of the dictionary always cuts alike."""

from __future__ import annotations

import csv
import hashlib
import random
import stat
import threading
import time
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.text import TEXT_VERSION
from features.text.dictionary import (
    domain_words,
    find_frequencies,
    frequencies,
    lexicon_rows,
    near_words,
)
from features.text.normal import simplified
from features.text.tokens import LONGEST, Tokenizer, hazard_terms, in_units, normalise

CODES = Path(__file__).parents[3] / "features" / "codes"
SAMPLE = "奶瓶使用两次后漏电,孩子被电到麻手;ＶＯＣ刺鼻，双酚Ａ超标,阻燃合格。沙门氏菌 Salmonella 检出"


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return Tokenizer(tmp_path_factory.mktemp("home") / "jieba", fast=False)


@pytest.fixture(scope="module", params=["jieba", "rjieba"])
def tokenizer(request, plain, tmp_path_factory):
    if request.param == "jieba":
        return plain
    pytest.importorskip("rjieba")
    return Tokenizer(tmp_path_factory.mktemp("home") / "rjieba")


def test_hazard_terms_are_words_of_their_own(tokenizer):
    words = {token.word for token in tokenizer.tokens(SAMPLE)}
    assert {"漏电", "麻手", "voc", "刺鼻", "双酚a", "阻燃合格", "沙门氏菌", "salmonella"} <= words


def test_every_word_of_the_domain_alone_is_one_word(tokenizer):
    for word in domain_words():
        assert [token.word for token in tokenizer.tokens(word)] == [word]


def test_the_frequencies_shipped_are_those_found(plain):
    assert find_frequencies() == list(frequencies()), "run python -m features.text.dictionary"


def test_traditional_characters_become_simplified_in_their_places():
    written = "嬰兒車漏電，乾淨"
    assert normalise(written) == ("婴儿车漏电,乾净", range(len(written)))


def _sign_by_sign(text: str) -> tuple[str, list[int]]:
    """The definition: each sign's NFKC form in lower case and simplified, and where it stood."""
    pieces = [unicodedata.normalize("NFKC", sign).lower() for sign in text]
    pieces = ["".join(simplified().get(sign, sign) for sign in piece) for piece in pieces]
    return "".join(pieces), [place for place, piece in enumerate(pieces) for _ in piece]


@settings(max_examples=300)
@given(st.text(max_size=40) | st.text(alphabet="漏電，！：；？（）ＡaΣσİi\u0301\u0338é①ﬁ한ᅡ㎏,=", max_size=12))
def test_the_normal_form_is_that_of_each_sign(text):
    normal, places = normalise(text)
    assert (normal, list(places)) == _sign_by_sign(text)


def test_every_sign_alone_and_between_others_has_its_normal_form():
    for code in [*range(0xD800), *range(0xE000, 0x30000)]:
        text = f"a{chr(code)}a"
        normal, places = normalise(text)
        assert (normal, list(places)) == _sign_by_sign(text)


def test_units_after_a_number_are_their_signs():
    assert in_units(["500", "毫升", "和", "克"]) == ["500", "ml", "和", "克"]


def _ten_thousand_texts() -> list[str]:
    """Sentences of tariff names, hazard terms, Latin, digits, signs and any ideograms, from a fixed seed."""
    rng = random.Random(20_240_131)
    with (CODES / "hs8.csv").open(encoding="utf-8", newline="") as file:
        names = [row["name_zh"] for row in csv.DictReader(file)]
    terms = [term for _, _, term in hazard_terms()]
    parts = [
        *names,
        *terms,
        *domain_words(),
        *"的了是不很好吗掉呵",
        "500ml",
        "ABS",
        "Ａ１",
        ",",
        "。",
        " ",
        "3.5%",
    ]
    rare = [chr(rng.randrange(0x4E00, 0x9FA6)) for _ in range(2_000)]
    return [
        "".join(rng.choice(rare) if rng.random() < 0.1 else rng.choice(parts) for _ in range(12))
        for _ in range(10_000)
    ]


def test_both_engines_cut_ten_thousand_texts_alike(plain, tmp_path):
    pytest.importorskip("rjieba")
    fast = Tokenizer(tmp_path / "rjieba")
    assert (plain.engine, fast.engine) == ("jieba", "rjieba")
    for text in _ten_thousand_texts():
        assert fast.tokens(text) == plain.tokens(text)


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
    Tokenizer(cache, fast=False)
    assert [file.name for file in cache.iterdir()] == ["jieba.cache"]
    assert stat.S_IMODE(cache.stat().st_mode) == 0o700


def test_a_text_version_stands_for_one_lexicon_and_one_way_of_cutting(tokenizer):
    lexicon = "\n".join(f"{word}\t{frequency}" for word, frequency in frequencies())
    words = " ".join(token.word for token in tokenizer.tokens(SAMPLE))
    hazards = "\n".join(map(str, [*lexicon_rows(), near_words()]))
    pinned = hashlib.sha256(f"{lexicon}\n{words}\n{hazards}".encode()).hexdigest()[:16]
    assert (TEXT_VERSION, pinned) == ("3", "4fa512e8c4026439"), "a change of words needs a new TEXT_VERSION"
