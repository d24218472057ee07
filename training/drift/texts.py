"""Whether goods are declared in the words of before: distribution of words, share of unknown ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.lines import Lines
from features.text.tokens import words_of_process
from training.drift.bins import by_cluster
from training.drift.distance import Distance, Draws, distance

COMMON = 300
SPLITS = 40
FLOOR = 0.99

Places = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Unknown:
    """The share of words that the reference never used, and what it would be if nothing had changed."""

    share: float
    floor: float
    words: int
    drifted: bool
    commonest: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as JSON values."""
        return asdict(self)


def worded(lines: Lines) -> list[list[str]]:
    """Cut what each line declares its goods to be into words."""
    return [
        _words(name, model) for name, model in zip(lines["goods_name"], lines["goods_model"], strict=True)
    ]


def word_distance(
    old: Sequence[Sequence[str]], new: Sequence[Sequence[str]], clusters: tuple[Places, int], worth: float
) -> Distance:
    """Compare how often the commonest words of the reference are used, any other word being one bin."""
    counted = Counter(word for words in old for word in words)
    place = {word: at for at, (word, _) in enumerate(counted.most_common(COMMON))}
    rest = len(place)
    enterprises, many = clusters
    bins = np.array([place.get(word, rest) for words in old for word in words], dtype=np.intp)
    owners = np.repeat(enterprises, [len(words) for words in old])
    reference = by_cluster(bins, owners, (many, rest + 1))
    told = np.array([place.get(word, rest) for words in new for word in words], dtype=np.intp)
    present = np.bincount(told, minlength=rest + 1).astype(np.float64)
    draws = Draws.of(many, max(len(told), 1) / max(len(bins), 1))
    return distance(("text", "words of the goods"), reference, present, draws, worth)


def unknown_words(
    old: Sequence[Sequence[str]], new: Sequence[Sequence[str]], clusters: tuple[Places, int], worth: float
) -> Unknown:
    """Return the share of words that the reference never used.

    The floor is what enterprises left out of the reference use that the rest does not: newcomers always bring
    words of their own.
    """
    known = {word for words in old for word in words}
    fresh = Counter(word for words in new for word in words if word not in known)
    total = sum(len(words) for words in new)
    share = sum(fresh.values()) / max(total, 1)
    floor = float(np.quantile(_left_out(old, clusters, len(new)), FLOOR))
    best = tuple(word for word, _ in fresh.most_common(10))
    return Unknown(share, floor, total, share > max(floor, worth), best)


def _left_out(old: Sequence[Sequence[str]], clusters: tuple[Places, int], lines: int) -> list[float]:
    """Leave enterprises out with a fifth of the lines at most, or as many as there are now; ask the rest."""
    owners, many = clusters
    wanted = min(lines, len(old) // 5)
    random = np.random.default_rng(0)
    shares = []
    for _ in range(SPLITS):
        order = random.permutation(many)[owners]
        out = np.zeros(len(old), dtype=bool)
        out[np.argsort(order, kind="stable")[:wanted]] = True
        known = {word for words, left in zip(old, out, strict=True) if not left for word in words}
        asked = [word for words, left in zip(old, out, strict=True) if left for word in words]
        shares.append(sum(word not in known for word in asked) / max(len(asked), 1))
    return shares


def _words(*texts: str | None) -> list[str]:
    return [word for text in texts if text for word in words_of_process().words(text) if not word.isdigit()]
