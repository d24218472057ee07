"""Fits the editions of the model of declared names: each from results known before its instant alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from features.coded import distinct_pairs
from features.goods.edition import Edition
from features.goods.name_risk import UNIT, NameRisk
from features.goods.runs import FIELDS, run_texts
from features.instants import DAY, Instant
from features.store.archive import Archive, Declared, read_archive
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
    """Distinct declared texts as rows of runs (0 or 1), and of each line (lines,) its row.

    `lines` are places in the archive. Rows and columns stand in code point order, so that an edition's
    numbers are added in the same order whatever other lines there are.
    """

    rows: csr_matrix
    runs: tuple[str, ...]
    lines: NDArray[np.int64]
    row: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class _Counts:
    """Inspected lines and failures by distinct text, both float64 (texts,); and lines by name and heading."""

    lines: Floats
    failed: Floats
    named: Counter[tuple[str, str]]


def fit_name_risk(store: Store, target: Target, until: Instant, archive: Archive | None = None) -> NameRisk:
    """Fit the editions up to `until`; none where too few results are known.

    `archive` is what was read of the store, if it was.

    Each is fitted at its instant on what was visible before it, and so stays what it is, to the bit, when
    records are added that become visible at that instant or later.
    """
    stored = read_archive(store) if archive is None else archive
    unfolding = Unfolding(stored, target)
    texts = _texts(stored.declared, unfolding.named)
    fitted, known = [], []
    for at, counts in _due(unfolding, _Known(unfolding, texts, stored.declared), until):
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


def _due(unfolding: Unfolding, known: _Known, until: Instant) -> Iterator[tuple[Instant, _Counts]]:
    """Yield the instants at which an edition is due, with what was known of each text by then."""
    needed = float(LEAST_FAILURES)
    first = until if unfolding.first is None else unfolding.first
    for at in (*range((first // STEP + 1) * STEP, until, STEP), until):
        unfolding.advance(at)
        least = LEAST_FAILURES if at == until else needed
        if known.failures < least:
            continue
        counts = known.counts(at)
        failures = float(counts.failed.sum())
        if failures >= least and counts.lines.sum() - failures >= LEAST_FAILURES:
            yield at, counts
            needed = failures * GROWTH


class _Known:
    """The labels of lines with a text: what `Unfolding` knows."""

    def __init__(self, unfolding: Unfolding, texts: _Texts, declared: Declared) -> None:
        self._unfolding, self._lines = unfolding, texts.lines
        self._row, self._texts = texts.row, texts.rows.shape[0]
        firsts = declared.firsts()[texts.lines]
        self._as_of = declared.visible_at[firsts]
        rows, told = declared.place[firsts], declared.lines.coded
        pairs, self._name = distinct_pairs(told("goods_name").take(rows), told("hs_code").take(rows))
        named = [((name or "").strip(), (code or "")[:4]) for name, code in pairs]
        self._names = {pair: number for number, pair in enumerate(dict.fromkeys(named))}
        self._name = np.array([self._names[pair] for pair in named], dtype=np.intp)[self._name]

    @property
    def failures(self) -> int:
        """Lines known to have failed."""
        return int(self._unfolding.positive[self._lines].sum())

    def counts(self, at: Instant) -> _Counts:
        """Count the lines that are old enough for their failures to be known as well as their passes."""
        known = self._unfolding
        labelled = np.flatnonzero(known.labelled[self._lines])
        lines, as_of = self._lines[labelled], self._as_of[labelled]
        failed = known.positive[lines]
        delay = usual_delay(known.resolved_at[lines] - as_of, failed)
        old = (as_of <= at - delay) & (as_of < at)
        rows = self._row[labelled[old]]
        counted = np.bincount(rows, minlength=self._texts)
        bad = np.bincount(rows, failed[old], minlength=self._texts)
        seen = np.bincount(self._name[labelled], minlength=len(self._names)).tolist()
        named = Counter({pair: seen[code] for pair, code in self._names.items() if pair[0] and seen[code]})
        return _Counts(counted.astype(np.float64), bad.astype(np.float64), named)


def _texts(declared: Declared, lines: NDArray[np.int64]) -> _Texts:
    """Cut each distinct text once; lines without a word in either field are left out."""
    rows = declared.place[declared.firsts()[lines]]
    pairs, place = distinct_pairs(*(declared.lines.coded(name).take(rows) for name in FIELDS))
    text_of = [(name or "", model or "") for name, model in pairs]
    cut = {text: run_texts(*text) for text in sorted(set(text_of))}
    texts = {text: row for row, text in enumerate(text for text, runs in cut.items() if runs)}
    runs = sorted({run for found in cut.values() for run in found})
    column = {run: place for place, run in enumerate(runs)}
    indices = [sorted(column[run] for run in cut[text]) for text in texts]
    ends = np.cumsum([0, *map(len, indices)])
    flat = np.concatenate([np.empty(0), *indices]).astype(np.int64)
    table = csr_matrix((np.ones(len(flat)), flat, ends), shape=(len(texts), len(runs)))
    row = np.array([texts.get(text, -1) for text in text_of], dtype=np.int64)[place]
    return _Texts(table, tuple(runs), lines[row >= 0], row[row >= 0])


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
