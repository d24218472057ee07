"""What labelled texts most like a text were labelled: a memory beside the linear model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from features.text.grams import Document, Vocabulary

_BLOCK = 256
_NEAREST = 10
_POWER = 4
"""A neighbour votes with this power of its likeness, so that a near copy outweighs many vague ones; ours."""


@dataclass(frozen=True, slots=True, eq=False)
class Memory:
    """Labelled texts as rows, and the class of each; a vote is the share of likeness to the power of four."""

    classes: tuple[str, ...]
    vocabulary: Vocabulary
    rows: csr_matrix
    labels: NDArray[np.int64]
    _columns: csr_matrix = field(init=False, repr=False)
    """The rows turned round, once: a text asks for a few runs, and turning takes ten times as long."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "_columns", self.rows.T.tocsr())

    def votes(self, documents: Sequence[Document]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return float64 (documents, classes) shares of the votes, and (documents,) the greatest likeness."""
        asked = self.vocabulary.rows(documents)
        shares = np.zeros((len(documents), len(self.classes)))
        nearest = np.zeros(len(documents))
        for begin in range(0, len(documents), _BLOCK):
            likeness = (
                asked[begin : begin + _BLOCK] @ self._columns
            ).toarray() / 2  # two blocks of length one
            count = min(_NEAREST, likeness.shape[1])
            top = np.argpartition(-likeness, count - 1, axis=1)[:, :count]
            weights = np.take_along_axis(likeness, top, axis=1)
            lines = np.arange(begin, begin + len(likeness))
            np.add.at(shares, (lines[:, None], self.labels[top]), weights**_POWER)
            nearest[lines] = weights.max(axis=1)
        return shares / np.maximum(shares.sum(axis=1, keepdims=True), 1e-12), nearest


def remember(vocabulary: Vocabulary, documents: Sequence[Document], labels: Sequence[str]) -> Memory:
    """Return a memory of labelled texts."""
    classes, codes = np.unique(np.array(labels), return_inverse=True)
    return Memory(tuple(map(str, classes)), vocabulary, vocabulary.rows(documents), codes.astype(np.int64))
