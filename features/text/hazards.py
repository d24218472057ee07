"""What a text says is dangerous: hazards with probability, severity and the words that carry them.

A lexicon starts it; a linear model over words, runs of characters and marks of what the lexicon found takes
over once it was trained from labelled texts. What is denied is never evidence for a hazard, only against.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.text.classifier import TextClassifier
from features.text.dictionary import lexicon_rows
from features.text.errors import TextModelError
from features.text.grams import Document, Shape, vocabulary_of
from features.text.injuries import injury_in
from features.text.lexicon import Mention, hazards, mentions
from features.text.normal import normalise
from features.text.tokens import LONGEST, Token, Tokenizer

_SHAPE = Shape(words=1, characters=3)
_LEXICON_ALONE = (0.0, 0.75, 0.9, 0.95)
"""Probability by the number of words that name a hazard, before any model is trained; ours."""
_TERM_WEIGHT = 0.1
"""A lexicon term alone counts in training as this much of a labelled text; ours."""


@dataclass(frozen=True, slots=True)
class FoundHazard:
    """A hazard of a text: probability, severity 1 to 4, and words with their places as written."""

    hazard: str
    probability: float
    severity: int
    words: tuple[Token, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """What was understood of a text: hazards likeliest first, injury severity 0 to 4, how many were hurt."""

    hazards: tuple[FoundHazard, ...]
    injury: int
    injured: int


class HazardReader:
    """Reads hazards out of texts with a tokenizer and, if there is one, a trained model."""

    def __init__(self, tokenizer: Tokenizer, model: TextClassifier | None = None) -> None:
        self._tokenizer = tokenizer
        self._model = model

    def read(self, text: str, least: float = 0.5) -> Reading:
        """Return the hazards of at least a probability, and who was hurt."""
        normal, places = normalise(text[:LONGEST])
        found = mentions(normal)
        injury = injury_in(normal)
        said = []
        for (name, hazard), chance in zip(hazards().items(), self._chances(normal, found), strict=True):
            if chance >= least:
                spans = [(places[m.start], places[m.end - 1] + 1) for m in _meaning(found, name)]
                words = tuple(Token(text[start:end], start, end) for start, end in spans)
                severity = max(hazard.severity_low, injury.severity)
                said.append(FoundHazard(name, chance, severity, words or self._carrying(text, name)))
        said.sort(key=lambda one: (-one.probability, one.hazard))
        return Reading(tuple(said), injury.severity, injury.injured)

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return float64 (texts, 20), hazards in the taxonomy's order."""
        normals = [normalise(text[:LONGEST])[0] for text in texts]
        chances = [self._chances(normal, mentions(normal)) for normal in normals]
        return np.array(chances).reshape(len(texts), len(hazards()))

    def _chances(self, normal: str, found: Sequence[Mention]) -> list[float]:
        if self._model is None:
            counts = Counter(hazard for mention in found if not mention.denied for hazard in mention.hazards)
            return [_LEXICON_ALONE[min(counts[hazard], 3)] for hazard in hazards()]
        margins = self._model.margins([_document(normal, found, self._tokenizer)])[0]
        chances: list[float] = (1 / (1 + np.exp(-margins))).tolist()
        return chances

    def _carrying(self, text: str, hazard: str) -> tuple[Token, ...]:
        """The three words that the model holds most against the text, where the lexicon knows none."""
        if self._model is None:
            return ()
        added = self._model.contributions(hazard_document(text, self._tokenizer), hazard)
        ranked = sorted(self._tokenizer.tokens(text), key=lambda token: -added.get(f"w:{token.word}", 0.0))
        best = [token for token in ranked[:3] if added.get(f"w:{token.word}", 0.0) > 0]
        return tuple(sorted(best, key=lambda token: token.start))


def _meaning(found: Sequence[Mention], hazard: str) -> list[Mention]:
    return [mention for mention in found if hazard in mention.hazards and not mention.denied]


def hazard_document(text: str, tokenizer: Tokenizer) -> Document:
    """Return a text as the model sees it: denied words blanked, the lexicon's findings as marks."""
    normal = normalise(text[:LONGEST])[0]
    return _document(normal, mentions(normal), tokenizer)


def _document(normal: str, found: Sequence[Mention], tokenizer: Tokenizer) -> Document:
    signs = list(normal)
    for mention in found:
        if mention.denied:
            signs[mention.start : mention.end] = " " * (mention.end - mention.start)
    kept = "".join(signs)
    return Document(tokenizer.words(kept), kept, _marks(found))


def _marks(found: Sequence[Mention]) -> dict[str, float]:
    """Return which hazards are named, each one's share of all that is named, and which are denied."""
    shares = Counter[str]()
    for mention in found:
        if not mention.denied:
            shares.update(dict.fromkeys(mention.hazards, 1 / len(mention.hazards)))
    whole = sum(shares.values())
    denied = {hazard for mention in found if mention.denied for hazard in mention.hazards}
    return {
        **{f"m:named:{hazard}": 1.0 for hazard in sorted(shares)},
        **{f"m:share:{hazard}": shares[hazard] / whole for hazard in sorted(shares)},
        **{f"m:denied:{hazard}": 1.0 for hazard in sorted(denied)},
    }


def fit_hazards(
    texts: Sequence[str], labels: Sequence[Collection[str]], tokenizer: Tokenizer, strength: float = 20.0
) -> TextClassifier:
    """Fit one logistic regression a hazard from labelled texts and the lexicon's terms.

    `labels` holds each text's hazards, none for one that names no danger; unknown hazards are refused.
    """
    from sklearn.linear_model import LogisticRegression

    if unknown := sorted({name for names in labels for name in names} - hazards().keys()):
        raise TextModelError(f"hazard {unknown[0]} is not of the taxonomy", field="hazard", value=unknown[0])
    documents = [hazard_document(text, tokenizer) for text in texts]
    terms = _term_documents(tokenizer)
    vocabulary = vocabulary_of(documents + [document for document, _ in terms], _SHAPE)
    rows = vocabulary.rows(documents + [document for document, _ in terms])
    owned = [frozenset(names) for names in labels] + [names for _, names in terms]
    importance = np.repeat([1.0, _TERM_WEIGHT], [len(documents), len(terms)])
    weights, intercepts = [], []
    for hazard in hazards():
        truth = np.array([hazard in names for names in owned])
        learner = LogisticRegression(C=strength, solver="liblinear", class_weight="balanced", random_state=0)
        fitted = learner.fit(rows, truth, sample_weight=importance)
        weights.append(fitted.coef_[0])
        intercepts.append(fitted.intercept_[0])
    return TextClassifier(
        tuple(hazards()), vocabulary, np.array(weights, dtype=np.float32).T.copy(), np.array(intercepts)
    )


def _term_documents(tokenizer: Tokenizer) -> list[tuple[Document, frozenset[str]]]:
    """Return the terms that mean something alone as texts, so that hazards without a label are known too."""
    owners: dict[str, set[str]] = {}
    for row in lexicon_rows():
        if not row.near:
            owners.setdefault(row.term, set()).update({row.hazard} if row.kind == "term" else ())
    return [(hazard_document(term, tokenizer), frozenset(names)) for term, names in owners.items()]
