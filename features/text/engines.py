"""The two engines that cut: jieba, and rjieba (compiled, same dictionary) where it is installed.

Both run without the hidden Markov model and get the same words with the same frequencies; a test has them
cut 10,000 texts alike.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

from features.text.dictionary import frequencies

Cut: TypeAlias = Callable[[str], list[str]]
"""Cuts a normal text into pieces that, one after the other, are the text again."""


def plain_jieba(cache: Path) -> Any:
    """Return a jieba tokenizer of its own, its compiled dictionary in the folder `cache` (mode 0700)."""
    cache.mkdir(parents=True, exist_ok=True, mode=0o700)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # jieba's syntax and its use of pkg_resources are out of date
        import jieba
    jieba.setLogLevel(logging.WARNING)
    tokenizer = jieba.Tokenizer()
    tokenizer.tmp_dir = str(cache)
    tokenizer.initialize()
    return tokenizer


def slow_engine(cache: Path) -> Cut:
    """Return jieba's way of cutting, with the domain's words."""
    jieba = plain_jieba(cache)
    for word, frequency in frequencies():
        known = bool(jieba.FREQ.get(word))
        jieba.add_word(word, frequency)
        if known:  # rjieba counts only new words into the total, and equal totals break ties alike
            jieba.total -= frequency
    return lambda text: list(jieba.cut(text, HMM=False))


def fast_engine() -> Cut | None:
    """Return rjieba's way of cutting, with the domain's words; None where it is not installed."""
    try:
        from rjieba import Jieba
    except ImportError:
        return None
    jieba = Jieba()
    for word, frequency in frequencies():
        jieba.add_word(word, frequency, None)
    return lambda text: jieba.cut(text, False)
