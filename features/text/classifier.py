"""A linear text classifier: which class a text belongs to, how surely, and by which of its words.

Trained by scikit-learn's linear SVM, kept as numbers: using one needs no scikit-learn. A margin is
the sum of its runs' contributions and the class's intercept, exactly.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from features.text import TEXT_VERSION
from features.text.errors import TextModelError
from features.text.grams import Document, Shape, Vocabulary, vocabulary_of

_SHARPNESS = np.geomspace(0.5, 32, 25)


@dataclass(frozen=True, slots=True, eq=False)
class TextClassifier:
    """Classes, float32 weights (runs, classes) and float64 intercepts (classes,) over a vocabulary.

    `sharpness` scales margins before they become probabilities.
    """

    classes: tuple[str, ...]
    vocabulary: Vocabulary
    weights: NDArray[np.float32]
    intercepts: NDArray[np.float64]
    sharpness: float = 4.0

    def margins(self, documents: Sequence[Document]) -> NDArray[np.float64]:
        """Return float64 (documents, classes): the greater, the more the text looks like the class."""
        rows = self.vocabulary.rows(documents)
        margins = np.empty((len(documents), len(self.classes)))
        for place, (begin, end) in enumerate(pairwise(rows.indptr)):  # a whole product would copy all weights
            margins[place] = rows.data[begin:end] @ self.weights[rows.indices[begin:end]].astype(np.float64)
        return margins + self.intercepts

    def probabilities(self, documents: Sequence[Document]) -> NDArray[np.float64]:
        """Return float64 (documents, classes), each row summing to one."""
        return softmax(self.margins(documents) * self.sharpness)

    def predict(self, documents: Sequence[Document]) -> list[str]:
        """Return the likeliest class of each document."""
        return [self.classes[best] for best in self.margins(documents).argmax(axis=1)]

    def contributions(self, document: Document, of: str) -> dict[str, float]:
        """Return what each run of the document adds to the margin of a class (beside its intercept)."""
        row = self.vocabulary.rows([document])
        runs = list(self.vocabulary.columns)
        weights = self.weights[row.indices, self.classes.index(of)].astype(np.float64)
        return {
            runs[column]: float(value * weight)
            for column, value, weight in zip(row.indices, row.data, weights, strict=True)
        }

    def save(self, path: Path) -> None:
        """Write the model as one npz file: numbers and text, no pickle."""
        head = {
            "classes": self.classes,
            "shape": [self.vocabulary.shape.words, self.vocabulary.shape.characters],
            "sharpness": self.sharpness,
            "text_version": TEXT_VERSION,
            "runs": list(self.vocabulary.columns),
        }
        np.savez_compressed(
            path,
            head=np.frombuffer(json.dumps(head, ensure_ascii=False).encode(), dtype=np.uint8),
            rarity=self.vocabulary.rarity,
            weights=self.weights,
            intercepts=self.intercepts,
        )


def read_classifier(path: Path) -> TextClassifier:
    """Read a model; refuses what is none, and one of another text version."""
    try:
        with np.load(path, allow_pickle=False) as file:
            head = json.loads(file["head"].tobytes())
            parts = {name: file[name] for name in ("rarity", "weights", "intercepts")}
        columns = {run: column for column, run in enumerate(head["runs"])}
        vocabulary = Vocabulary(columns, parts["rarity"], Shape(*head["shape"]))
        version = head["text_version"]
        model = TextClassifier(
            tuple(head["classes"]), vocabulary, parts["weights"], parts["intercepts"], head["sharpness"]
        )
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise TextModelError(f"{path} is not a text model: {error}", field="path", value=str(path)) from error
    if version != TEXT_VERSION or model.weights.shape != (len(columns), len(model.classes)):
        raise TextModelError(
            f"{path} is of text version {version} or incomplete; this is version {TEXT_VERSION}",
            field="text_version",
            value=version,
        )
    return model


def softmax(margins: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return probabilities by row from margins."""
    powers = np.exp(margins - margins.max(axis=1, keepdims=True))
    result: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
    return result


def fit_classifier(
    documents: Sequence[Document],
    labels: Sequence[str],
    shape: Shape | None = None,
    strength: float = 0.5,
    telling: bool = False,
) -> TextClassifier:
    """Fit a linear SVM, one class against the others; `strength` is scikit-learn's C.

    With `telling`, runs that are commoner in a class than elsewhere, or rarer, count for more before it is
    fitted (Wang and Manning, 2012): good where classes are few and large.
    """
    from sklearn.svm import LinearSVC

    classes = tuple(sorted(set(labels)))
    if len(classes) < 2 or len(labels) != len(documents):
        raise TextModelError(
            f"{len(documents)} texts with {len(labels)} labels of classes {classes[:5]}: at least two needed",
            field="labels",
            value=len(classes),
        )
    vocabulary = vocabulary_of(documents, shape or Shape(), least=1 if len(documents) < 20_000 else 2)
    rows, truth = vocabulary.rows(documents), np.array(labels)
    if telling:
        weights, intercepts = _fit_telling(rows, truth, classes, strength)
    else:
        svm = LinearSVC(C=strength, random_state=0).fit(rows, truth)
        weights, intercepts = svm.coef_, svm.intercept_
        if len(classes) == 2:
            weights, intercepts = np.vstack([-weights, weights]), np.concatenate([-intercepts, intercepts])
    return TextClassifier(
        classes, vocabulary, np.ascontiguousarray(weights.T, dtype=np.float32), intercepts.astype(np.float64)
    )


def _fit_telling(
    rows: csr_matrix, truth: NDArray[np.str_], classes: Sequence[str], strength: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Fit each class over runs scaled by how well they tell it; the scales are folded into the weights."""
    from sklearn.svm import LinearSVC

    held = csr_matrix((np.ones(len(rows.data)), rows.indices, rows.indptr), shape=rows.shape)
    weights, intercepts = [], []
    for name in classes:
        own = truth == name
        inside, outside = (np.asarray(held[part].sum(axis=0)).ravel() + 1 for part in (own, ~own))
        scale = np.sqrt(np.abs(np.log((inside / inside.sum()) / (outside / outside.sum()))))
        scaled = csr_matrix((rows.data * scale[rows.indices], rows.indices, rows.indptr), shape=rows.shape)
        svm = LinearSVC(C=strength, random_state=0).fit(scaled, own)
        weights.append(svm.coef_[0] * scale)
        intercepts.append(svm.intercept_[0])
    return np.array(weights), np.array(intercepts)


def sharpened(model: TextClassifier, documents: Sequence[Document], labels: Sequence[str]) -> TextClassifier:
    """Return the model with the sharpness under which labelled texts that it was not fitted on are likeliest.

    Texts of a class that the model does not know count as if any class were as unlikely.
    """
    margins = model.margins(documents)
    position = {name: place for place, name in enumerate(model.classes)}
    truth = np.array([position.get(label, -1) for label in labels])
    known = np.flatnonzero(truth >= 0)

    def surprise(sharpness: float) -> float:
        chances = softmax(margins * sharpness)
        right = chances[known, truth[known]]
        lost = -np.log(np.maximum(1 - chances[truth < 0].max(axis=1), 1e-6))
        return float(-np.log(np.maximum(right, 1e-12)).sum() + lost.sum())

    return replace(model, sharpness=float(min(_SHARPNESS, key=surprise)))
