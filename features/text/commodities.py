"""Which goods a text is about: HS headings (four digits) with confidence.

Three sources, tried together: goods names known from declarations, found in the text; labelled titles, by a
linear model and a memory of the most alike; and the tariff's own names, by likeness.
"""

from __future__ import annotations

import re
import zipfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from features.code_tables import read_rows
from features.text.classifier import TextClassifier, fit_classifier, read_classifier, sharpened, softmax
from features.text.errors import TextModelError
from features.text.grams import Document, Shape, vocabulary_of
from features.text.names import NameIndex
from features.text.neighbours import Memory, remember
from features.text.normal import normalise
from features.text.tokens import LONGEST, Tokenizer

TITLE_SHAPE = Shape(words=2, characters=4)
_MEMORY_WEIGHT = 0.4
"""What the votes of like titles add to a margin; chosen on folds of the public titles."""
_BRACKETS = re.compile(r"[((][^))]*[))]?")
_REMAINDER = re.compile(r"^(?:其他|其它|未列名|的|\s)+")


@dataclass(frozen=True, slots=True)
class FoundHeading:
    """A heading, how sure, and where it is said: places in the text as written, none if by likeness."""

    hs4: str
    confidence: float
    spans: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True, eq=False)
class TitleModel:
    """Titles to headings: a linear classifier and a memory over the same vocabulary and classes."""

    linear: TextClassifier
    memory: Memory

    def margins(self, documents: Sequence[Document]) -> NDArray[np.float64]:
        """Return float64 (documents, classes)."""
        return self.linear.margins(documents) + _MEMORY_WEIGHT * self.memory.votes(documents)[0]

    def probabilities(self, documents: Sequence[Document]) -> NDArray[np.float64]:
        """Return float64 (documents, classes), each row summing to one."""
        return softmax(self.margins(documents) * self.linear.sharpness)

    def predict(self, documents: Sequence[Document]) -> list[str]:
        """Return the likeliest heading of each title."""
        return [self.linear.classes[best] for best in self.margins(documents).argmax(axis=1)]

    def save(self, folder: Path) -> None:
        """Write the model into a folder as two npz files: numbers and text, no pickle."""
        folder.mkdir(parents=True, exist_ok=True)
        self.linear.save(folder / "linear.npz")
        rows = self.memory.rows
        np.savez_compressed(
            folder / "memory.npz",
            labels=self.memory.labels,
            data=rows.data,
            indices=rows.indices,
            indptr=rows.indptr,
        )


def read_titles(folder: Path) -> TitleModel:
    """Read a model from its folder; refuses what is none, and one of another text version."""
    linear = read_classifier(folder / "linear.npz")
    try:
        with np.load(folder / "memory.npz", allow_pickle=False) as file:
            labels = file["labels"]
            parts = (file["data"], file["indices"], file["indptr"])
        rows = csr_matrix(parts, shape=(len(labels), len(linear.vocabulary.columns)))
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise TextModelError(
            f"{folder} holds no title memory: {error}", field="folder", value=str(folder)
        ) from error
    return TitleModel(linear, Memory(linear.classes, linear.vocabulary, rows, labels))


def fit_titles(documents: Sequence[Document], headings: Sequence[str]) -> TitleModel:
    """Fit titles to headings."""
    linear = fit_classifier(documents, headings, TITLE_SHAPE, strength=1.0)
    return TitleModel(linear, remember(linear.vocabulary, documents, headings))


def fit_sure_titles(documents: Sequence[Document], headings: Sequence[str]) -> TitleModel:
    """Fit titles to headings, with confidences set on every fifth title, which a first fit leaves out."""
    every = np.arange(len(documents))
    first, last = every[every % 5 != 0], every[every % 5 == 0]
    trial = fit_classifier([documents[i] for i in first], [headings[i] for i in first], TITLE_SHAPE, 1.0)
    sure = sharpened(trial, [documents[i] for i in last], [headings[i] for i in last])
    model = fit_titles(documents, headings)
    return replace(model, linear=replace(model.linear, sharpness=sure.sharpness))


def tariff_names() -> list[tuple[str, str]]:
    """Return the tariff's names without brackets, each with its heading; remainders (其他) left out."""
    rows = [(row["name_zh"], row["code"][:4]) for table in ("hs8", "hs10") for row in read_rows(table)]
    names = [(_REMAINDER.sub("", _BRACKETS.sub("", name)).strip(), heading) for name, heading in rows]
    return [(name, heading) for name, heading in dict.fromkeys(names) if len(name) >= 2]


class HeadingReader:
    """Reads headings out of texts; `declared` are goods names with headings, as declarations had them."""

    def __init__(
        self, tokenizer: Tokenizer, declared: Iterable[tuple[str, str]] = (), titles: TitleModel | None = None
    ) -> None:
        self._tokenizer = tokenizer
        self._declared = NameIndex(declared)
        self._titles = titles
        names = tariff_names()
        documents = [self.document(name) for name, _ in names]
        vocabulary = vocabulary_of(documents, Shape(words=1, characters=2))
        self._tariff = remember(vocabulary, documents, [heading for _, heading in names])

    def knowing(self, declared: Mapping[tuple[str, str], int]) -> HeadingReader:
        """Return a reader that knows other declared names, each with its heading and how often it was so."""
        other = copy(self)
        other._declared = NameIndex(declared)
        return other

    def document(self, text: str) -> Document:
        """Return a text as the models see it."""
        return Document(self._tokenizer.words(text), normalise(text[:LONGEST])[0])

    def read(self, text: str, most: int = 3) -> list[FoundHeading]:
        """Return the likeliest headings, surest first: by declared names if any is said, else by likeness."""
        return (self._named(text) or self._alike(text))[:most]

    def _named(self, text: str) -> list[FoundHeading]:
        normal, places = normalise(text[:LONGEST])
        found = self._declared.find(normal)
        weights: dict[str, float] = {}
        spans: dict[str, list[tuple[int, int]]] = {}
        for named in found:
            total = sum(named.owners.values()) + 1  # one line more of some other heading
            for heading, count in named.owners.items():
                weights[heading] = weights.get(heading, 0.0) + len(named.name) * count / total
                spans.setdefault(heading, []).append((places[named.start], places[named.end - 1] + 1))
        whole = sum(len(named.name) for named in found)
        return [
            FoundHeading(heading, weight / whole, tuple(spans[heading]))
            for heading, weight in sorted(weights.items(), key=lambda pair: (-pair[1], pair[0]))
        ]

    def _alike(self, text: str) -> list[FoundHeading]:
        document = self.document(text)
        shares, nearest = self._tariff.votes([document])
        sure = Counter(dict(zip(self._tariff.classes, (shares[0] * nearest[0]).tolist(), strict=True)))
        if self._titles is not None:
            known = self._titles.memory.votes([document])[1]  # what is like no title, titles cannot tell
            chances = (self._titles.probabilities([document])[0] * known[0]).tolist()
            for heading, chance in zip(self._titles.linear.classes, chances, strict=True):
                sure[heading] = max(sure[heading], chance)
        return [FoundHeading(heading, chance, ()) for heading, chance in sure.most_common(5) if chance > 0]
