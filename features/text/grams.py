"""What a linear text model counts: runs of words and of characters, weighted by rarity, and marks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix


@dataclass(frozen=True, slots=True)
class Document:
    """A text as models see it: its words in order, and its normal text, spaces where pieces end.

    `marks` are findings about the text with their values ("m:"), which no length of the text waters down.
    """

    words: Sequence[str]
    text: str
    marks: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Shape:
    """How long runs may be: of words, and of characters within a piece."""

    words: int = 2
    characters: int = 4


def grams(document: Document, shape: Shape) -> tuple[Counter[str], Counter[str]]:
    """Count a document's runs of words ("w:") and of characters ("c:", a space marks where a piece ends)."""
    words, characters = document.words, Counter[str]()
    runs = [
        "w:" + " ".join(words[start : start + length])
        for length in range(1, shape.words + 1)
        for start in range(len(words) - length + 1)
    ]
    for piece in document.text.split():
        padded = f" {piece} "
        for length in range(1, shape.characters + 1):
            characters.update(
                "c:" + padded[start : start + length] for start in range(len(padded) - length + 1)
            )
    return Counter(runs), characters


@dataclass(frozen=True, slots=True, eq=False)
class Vocabulary:
    """The runs a model knows: column by run, and float64 (columns,) rarities (smoothed logarithms)."""

    columns: dict[str, int]
    rarity: NDArray[np.float64]
    shape: Shape

    def rows(self, documents: Iterable[Document]) -> csr_matrix:
        """Return float64 rows: logarithms of counts times rarity, words and characters of length one each.

        Marks keep their values.
        """
        data: list[float] = []
        indices: list[int] = []
        ends = [0]
        for document in documents:
            for counted in grams(document, self.shape):
                known = [(self.columns[run], count) for run, count in counted.items() if run in self.columns]
                places, counts = np.array(known, dtype=np.int64).reshape(-1, 2).T
                weights = (1 + np.log(counts)) * self.rarity[places]
                data += (weights / (np.sqrt(weights @ weights) or 1.0)).tolist()
                indices += places.tolist()
            marks = {mark: value for mark, value in document.marks.items() if mark in self.columns}
            indices += [self.columns[mark] for mark in marks]
            data += marks.values()
            ends.append(len(indices))
        pieces = (np.array(data, np.float64), np.array(indices, np.int64), ends)
        return csr_matrix(pieces, shape=(len(ends) - 1, len(self.columns)))


def vocabulary_of(documents: Sequence[Document], shape: Shape, least: int = 1) -> Vocabulary:
    """Return the runs that occur in at least `least` documents, in code point order."""
    seen = Counter[str]()
    for document in documents:
        for counted in grams(document, shape):
            seen.update(counted.keys())
        seen.update(document.marks.keys())
    runs = sorted(run for run, count in seen.items() if count >= least)
    counts = np.array([seen[run] for run in runs], dtype=np.float64)
    rarity = np.log((1 + len(documents)) / (1 + counts)) + 1
    return Vocabulary({run: column for column, run in enumerate(runs)}, rarity, shape)
