"""Fits the editions of the model of declared names: each from results known before its instant alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from features.goods.edition import Edition
from features.goods.name_risk import UNIT, NameRisk
from features.goods.runs import runs_of
from features.instants import DAY, Instant
from features.store.database import Store
from models.spec import Target
from training.dataset import usual_delay
from training.unfolding import Unfolding

Floats = NDArray[np.float64]

STEP = 7 * DAY
"""Editions are fitted at the turn of a week (since 1970), and at the end."""
GROWTH = 1.2
"""A week has an edition when so many times the failures of the edition before are known."""
LEAST_FAILURES, LEAST_LINES = 20, 3
"""Fewest failures to fit on, and fewest inspected lines with a run for it to have a weight."""
MOST_SHARE = 0.5
"""What stands on more of the inspected lines (品牌, 型号) belongs to the form, not to the goods."""
PRIOR = 0.4
"""Standard deviation, in log-odds, that a run's weight is expected to have before anything is seen."""
MOST_RUNS = 30_000
"""The commonest runs that an edition weighs; the rest of a large port's are model numbers."""
MOST_NAMES = 20_000
"""The commonest goods names that an edition knows the headings of."""


@dataclass(frozen=True, slots=True, eq=False)
class _Texts:
    """Distinct declared texts as rows of runs (0 or 1), and the row of each line.

    Rows and columns stand in code point order, so that an edition's numbers are added in the same order
    whatever other lines there are.
    """

    rows: csr_matrix
    runs: tuple[str, ...]
    of_line: dict[str, int]


@dataclass(frozen=True, slots=True, eq=False)
class _Counts:
    """Inspected lines and failures by distinct text, both float64 (texts,); and lines by name and heading."""

    lines: Floats
    failed: Floats
    named: Counter[tuple[str, str]]


def fit_name_risk(store: Store, target: Target, until: Instant) -> NameRisk:
    """Fit the editions up to `until`; none where too few results are known.

    Each is fitted at its instant on what was visible before it, and so stays what it is, to the bit, when
    records are added that become visible at that instant or later.
    """
    unfolding = Unfolding(store, target)
    texts = _texts(unfolding)
    fitted, known = [], []
    for at, counts in _due(unfolding, texts, until):
        fitted.append((at, *_fit(texts, counts)))
        known.append(_commonest(counts.named))
    used = np.zeros(len(texts.runs), dtype=bool)
    for _, _, columns, _ in fitted:
        used[columns] = True
    place = np.cumsum(used) - 1
    editions = [
        Edition(at, intercept, tuple(place[columns].tolist()), tuple(weights.tolist()), names)
        for (at, intercept, columns, weights), names in zip(fitted, _additions(known), strict=True)
    ]
    return NameRisk([texts.runs[column] for column in np.flatnonzero(used)], editions)


def _commonest(named: Counter[tuple[str, str]]) -> Counter[tuple[str, str]]:
    """Return the commonest names with their headings; among equals the first in code point order."""
    return Counter(dict(sorted(named.items(), key=lambda pair: (-pair[1], pair[0]))[:MOST_NAMES]))


def _additions(known: list[Counter[tuple[str, str]]]) -> Iterator[tuple[tuple[str, str, int], ...]]:
    """Yield what each edition knows more than the one before, in code point order; less is negative."""
    for before, after in pairwise([Counter[tuple[str, str]](), *known]):
        changed = sorted(pair for pair in before.keys() | after.keys() if before[pair] != after[pair])
        yield tuple((*pair, after[pair] - before[pair]) for pair in changed)


def _due(unfolding: Unfolding, texts: _Texts, until: Instant) -> Iterator[tuple[Instant, _Counts]]:
    """Yield the instants at which an edition is due, with what was known of each text by then."""
    known = _Known(unfolding, texts)
    needed = float(LEAST_FAILURES)
    first = until if unfolding.first is None else unfolding.first
    for at in (*range((first // STEP + 1) * STEP, until, STEP), until):
        known.update(unfolding.advance(at))
        least = LEAST_FAILURES if at == until else needed
        if known.failures < least:
            continue
        counts = known.counts(at)
        failures = float(counts.failed.sum())
        if failures >= least and counts.lines.sum() - failures >= LEAST_FAILURES:
            yield at, counts
            needed = failures * GROWTH


class _Known:
    """The labels of lines with a text as arrays (lines,): what `Unfolding` knows, kept up to date."""

    def __init__(self, unfolding: Unfolding, texts: _Texts) -> None:
        self._unfolding = unfolding
        self._place = {line: place for place, line in enumerate(texts.of_line)}
        self._texts = texts.rows.shape[0]
        self._row = np.fromiter(texts.of_line.values(), dtype=np.int64, count=len(texts.of_line))
        filed = [unfolding.filed[line][1] for line in texts.of_line]
        self._as_of = np.array(filed, dtype=np.int64)
        declared = [unfolding.filed[line][0] for line in texts.of_line]
        named = [((line.goods_name or "").strip(), line.hs_code[:4]) for line in declared]
        self._names = {pair: code for code, pair in enumerate(dict.fromkeys(named))}
        self._name = np.array([self._names[pair] for pair in named], dtype=np.intp)
        self._resolved = np.zeros(len(filed), dtype=np.int64)
        self._labelled, self._failed = np.zeros((2, len(filed)), dtype=bool)

    @property
    def failures(self) -> int:
        """Lines known to have failed."""
        return int(self._failed.sum())

    def update(self, lines: Iterable[str]) -> None:
        """Take over what is known of some lines now."""
        for line in lines:
            place = self._place.get(line)
            if place is not None:
                label = self._unfolding.labels.get(line)
                self._labelled[place] = label is not None
                self._failed[place] = label is not None and label.positive
                self._resolved[place] = 0 if label is None else label.resolved_at

    def counts(self, at: Instant) -> _Counts:
        """Count the lines that are old enough for their failures to be known as well as their passes."""
        labelled = np.flatnonzero(self._labelled)
        delay = usual_delay(self._resolved[labelled] - self._as_of[labelled], self._failed[labelled])
        old = labelled[(self._as_of[labelled] <= at - delay) & (self._as_of[labelled] < at)]
        lines = np.bincount(self._row[old], minlength=self._texts)
        failed = np.bincount(self._row[old], self._failed[old], minlength=self._texts)
        seen = np.bincount(self._name[labelled], minlength=len(self._names)).tolist()
        named = Counter({pair: seen[code] for pair, code in self._names.items() if pair[0] and seen[code]})
        return _Counts(lines.astype(np.float64), failed.astype(np.float64), named)


def _texts(unfolding: Unfolding) -> _Texts:
    """Cut each distinct text once; lines without a word in either field are left out."""
    text_of = {
        line: (declared.goods_name or "", declared.goods_model or "")
        for line, (declared, _) in unfolding.filed.items()
    }
    cut = {text: [run.text for run in runs_of(*text)] for text in sorted(set(text_of.values()))}
    texts = {text: row for row, text in enumerate(text for text, runs in cut.items() if runs)}
    runs = sorted({run for found in cut.values() for run in found})
    column = {run: place for place, run in enumerate(runs)}
    indices = [sorted(column[run] for run in cut[text]) for text in texts]
    ends = np.cumsum([0, *map(len, indices)])
    flat = np.concatenate([np.empty(0), *indices]).astype(np.int64)
    rows = csr_matrix((np.ones(len(flat)), flat, ends), shape=(len(texts), len(runs)))
    return _Texts(rows, tuple(runs), {line: texts[text] for line, text in text_of.items() if text in texts})


def _fit(texts: _Texts, counts: _Counts) -> tuple[int, NDArray[np.intp], NDArray[np.int64]]:
    """Fit log-odds with a normal prior; return intercept, columns and weights in whole 1/4096 log-odds.

    The intercept is such that the inspected lines have 0 on average: the value is against the usual, and
    says nothing about when it was fitted.
    """
    seen = np.flatnonzero(counts.lines)
    rows, lines, failed = texts.rows[seen], counts.lines[seen], counts.failed[seen]
    often = rows.T @ lines
    columns = np.sort(np.argsort(-often, kind="stable")[:MOST_RUNS])
    columns = columns[(often[columns] >= LEAST_LINES) & (often[columns] <= MOST_SHARE * lines.sum())]
    known = rows[:, columns]
    weights = np.rint(_ridge(known, lines, failed) * UNIT).astype(np.int64)
    mean = float((known @ weights) @ lines / lines.sum())
    kept = np.flatnonzero(weights)
    return -round(mean), columns[kept], weights[kept]


def _ridge(rows: csr_matrix, lines: Floats, failed: Floats) -> Floats:
    """Return the weights (runs,) of a logistic regression with an intercept and a normal prior."""
    usual = float(np.log(failed.sum() / (lines.sum() - failed.sum())))
    columns = rows.T.tocsr()

    def loss(theta: Floats) -> tuple[float, Floats]:
        weights, margins = theta[1:], theta[0] + usual + rows @ theta[1:]
        excess = lines / (1.0 + np.exp(-margins)) - failed
        value = lines @ np.logaddexp(0.0, margins) - failed @ margins + weights @ weights / (2 * PRIOR**2)
        return float(value), np.concatenate([[excess.sum()], columns @ excess + weights / PRIOR**2])

    start = np.zeros(1 + rows.shape[1])
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 200})
    weights: Floats = found.x[1:]
    return weights
