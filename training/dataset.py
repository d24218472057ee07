"""The rows a model learns from: inspected lines as they stood when first declared, with their label.

What happened to every line is said: `Dataset.dropped` counts the lines that are not rows, by reason.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from features.instants import DAY, Instant, show_instant
from features.lines import Lines
from features.records import Declaration
from features.store.archive import Archive, Declared, read_archive
from features.store.database import Store
from features.terms import Kind
from models.spec import Target
from training.labelling import Labels, label_lines
from training.laboratories import Laboratories
from training.period import Span

DELAY_QUANTILE = 0.95
RECENT, RECENT_LINES = 90 * DAY, 20_000
_IDS_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True, eq=False)
class Recent:
    """Lately declared lines, each as of the instant `as_of` (int64) at which it became visible."""

    lines: Lines
    as_of: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Sampled:
    """An even sample of lines without a label, by id, at most 20,000; each stands for `weight` lines."""

    ids: tuple[str, ...] = ()
    weight: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """n labelled lines in the order of their instants.

    `lines` hold what each line said first and `as_of` (int64) the instant from which on it was visible, which
    is when it would have been scored; `resolved_at` when its label did. `positive` and `random` (drawn
    at random) are boolean. `delay` is the age by which 95 % of passes, and 95 % of failures, are known.
    `recent` are lines of the last 90 days, inspected or not, at most 20,000: what scores are ranked among.
    `reasons` say why each line was inspected and `recorded` the plan's chance of it, NaN where none is
    recorded. `passed_over` are lines that were old enough and never inspected, `untold` those of which an
    inspection told nothing: of the papers only, or without a result so far. `trust` (n,) is the chance that
    each label is right, by the agreement of laboratories with re-tests. `known_later` counts inspections that
    became known only after the instant of which the labels are. `young` (m, 2) holds of lines that have a
    label but are younger than the delay when they were declared and from when they were visible.
    """

    target: Target
    lines: Lines
    as_of: NDArray[np.int64]
    resolved_at: NDArray[np.int64]
    positive: NDArray[np.bool_]
    random: NDArray[np.bool_]
    delay: Instant
    dropped: Counter[str]
    fingerprint: str
    recent: Recent
    reasons: NDArray[np.object_] = field(default_factory=lambda: np.empty(0, dtype=object))
    recorded: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    passed_over: Sampled = field(default_factory=Sampled)
    untold: Sampled = field(default_factory=Sampled)
    trust: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    laboratories: Laboratories = field(default_factory=Laboratories)
    known_later: int = 0
    young: NDArray[np.int64] = field(default_factory=lambda: np.empty((0, 2), dtype=np.int64))

    def __len__(self) -> int:
        return len(self.as_of)

    def take(self, rows: NDArray[np.bool_] | NDArray[np.intp]) -> Dataset:
        """Return the rows of a mask, or at some places, with what is known of all."""
        return replace(
            self,
            lines=self.lines.take(rows),
            as_of=self.as_of[rows],
            resolved_at=self.resolved_at[rows],
            positive=self.positive[rows],
            random=self.random[rows],
            reasons=self.reasons[rows] if len(self.reasons) else self.reasons,
            recorded=self.recorded[rows] if len(self.recorded) else self.recorded,
            trust=self.trust[rows] if len(self.trust) else self.trust,
        )

    def nothing_since(self, instant: Instant) -> str:
        """Say why no row was declared after an instant: without results, or too young to count so far."""
        waiting = self.young[self.young[:, 0] > instant, 1]
        if not len(waiting):
            return "no line declared later has an inspection result yet"
        first, last = (show_instant(int(at) + self.delay)[:10] for at in (waiting.min(), waiting.max()))
        days = -(-self.delay // DAY)
        return (
            f"no line declared later counts yet; {len(waiting)} have a result but are younger than the "
            f"{days} days by which most results are known: the first counts from {first}, the last from "
            f"{last} on"
        )


@dataclass(frozen=True, slots=True)
class Filed:
    """The revision of a line visible first: what it said, since when, and its place in the store."""

    record: Declaration
    as_of: Instant
    sequence: int
    content_hash: bytes


def declared_in(store: Store, span: Span) -> list[str]:
    """Return the ids of the lines declared in a span, in the order in which they were first stored."""
    return [
        revision.id
        for chunk in store.changes(kinds=[Kind.DECLARATION])
        for revision in chunk
        if revision.revision == 1 and span.start <= revision.happened_at < span.until
    ]


def first_revisions(store: Store, ids: Iterable[str]) -> list[Filed]:
    """Read the revision visible first of each line, in the order they became so; erased ones are left out."""
    filed = [
        Filed(first.record, first.visible_at, first.sequence, first.content_hash)
        for some in _batches(sorted(ids))
        for revisions in store.revisions(Kind.DECLARATION, some).values()
        for first in [min(revisions, key=lambda one: (one.visible_at, -one.sequence))]
        if isinstance(first.record, Declaration)
    ]
    return sorted(filed, key=lambda line: (line.as_of, line.sequence))


def _batches(ids: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(ids), _IDS_AT_ONCE):
        yield ids[start : start + _IDS_AT_ONCE]


def build_dataset(store: Store, target: Target, until: Instant, archive: Archive | None = None) -> Dataset:
    """Label every declared line from what was known before `until`, and say why the others are not rows.

    `archive` is what was read of the store, if it was.
    """
    known = read_archive(store) if archive is None else archive
    labels, filed = label_lines(known, target, until), _filed(known.declared, until)
    dataset = _assemble(target, known.declared, labels, recent_lines(known.declared, filed))
    old_enough = dataset.as_of <= until - dataset.delay
    dataset.dropped["younger than the usual delay of results"] += int((~old_enough).sum())
    young = np.stack([dataset.lines["happened_at"], dataset.as_of], axis=1)[~old_enough]
    labelled = np.zeros(len(labels.inspected), dtype=bool)
    labelled[labels.line] = True
    without = (~labels.inspected, labels.inspected & ~labelled)
    never, untold = (filed.sampled(lines, until - dataset.delay) for lines in without)
    known_later = int((known.inspected.seen_from() >= until).sum())
    return replace(
        dataset.take(old_enough), passed_over=never, untold=untold, known_later=known_later, young=young
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Filings:
    """Lines (n,) declared before an instant, in order of sequence: place, when it was, whether it stands."""

    declared: Declared
    line: NDArray[np.int64]
    as_of: NDArray[np.int64]
    stands: NDArray[np.bool_]

    def sampled(self, wanted: NDArray[np.bool_], until: Instant) -> Sampled:
        """Sample those wanted of all lines that stand and are old enough for a result to be known."""
        found = self.line[(self.as_of <= until) & self.stands & wanted[self.line]]
        ids = tuple(self.declared.ids[_evenly(found)].tolist())
        return Sampled(ids, len(found) / len(ids) if ids else 1.0)


def _filed(declared: Declared, until: Instant) -> _Filings:
    firsts, last = np.sort(declared.firsts()), declared.standing(until)
    rows = firsts[declared.visible_at[firsts] < until]
    stands = np.zeros(len(declared.ids), dtype=bool)
    stands[declared.of[last]] = declared.put[last]
    line = declared.of[rows]
    return _Filings(declared, line, declared.visible_at[rows], stands[line])


def _evenly(lines: NDArray[np.int64]) -> NDArray[np.int64]:
    return lines[:: max(1, -(-len(lines) // RECENT_LINES))]


def recent_lines(declared: Declared, filed: _Filings) -> Recent:
    """Take an even sample of the lines of the last 90 days that stand."""
    newest = filed.as_of.max(initial=0)
    young = filed.line[(filed.as_of > newest - RECENT) & filed.stands]
    rows = _as_filed(declared, _evenly(young))
    return Recent(declared.lines.take(declared.place[rows]), declared.visible_at[rows])


def _as_filed(declared: Declared, lines: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the rows of what the lines said first as they became visible; erased ones are left out."""
    rows = declared.firsts()[lines]
    rows = rows[declared.present[rows]]
    return rows[np.lexsort((declared.sequence[rows], declared.visible_at[rows]))]


def _assemble(target: Target, declared: Declared, labels: Labels, recent: Recent) -> Dataset:
    rows = _as_filed(declared, labels.line)
    place = np.zeros(len(declared.ids), dtype=np.int64)
    place[labels.line] = np.arange(len(labels.line))
    chosen, as_of = place[declared.of[rows]], declared.visible_at[rows]
    resolved_at, positive = labels.resolved_at[chosen], labels.positive[chosen]
    labels.dropped["erased"] += len(labels.line) - len(rows)
    return Dataset(
        target=target,
        lines=declared.lines.take(declared.place[rows]),
        as_of=as_of,
        resolved_at=resolved_at,
        positive=positive,
        random=labels.random[chosen],
        delay=usual_delay(resolved_at - as_of, positive),
        dropped=labels.dropped,
        fingerprint=_fingerprint(target, declared, rows, (positive, resolved_at)),
        recent=recent,
        reasons=labels.reasons[chosen],
        trust=labels.trust[chosen],
        recorded=labels.recorded[chosen],
        laboratories=labels.laboratories,
    )


def usual_delay(delay: NDArray[np.int64], positive: NDArray[np.bool_]) -> Instant:
    """Return the age by which 95 % of each outcome's results are known; failures take longer than passes."""
    parts = [delay[chosen] for chosen in (positive, ~positive) if chosen.any()]
    return max((int(np.quantile(part, DELAY_QUANTILE)) for part in parts), default=0)


def _fingerprint(
    target: Target,
    declared: Declared,
    rows: NDArray[np.int64],
    labels: tuple[NDArray[np.bool_], NDArray[np.int64]],
) -> str:
    digest = hashlib.sha256(target.encode())
    contents, ids = declared.hashes[rows].tobytes(), declared.ids[declared.of[rows]].tolist()
    told = zip(ids, declared.visible_at[rows].tolist(), *(column.tolist() for column in labels), strict=True)
    said = [
        contents[32 * at : 32 * at + 32] + f"{line}\t{as_of}\t{positive:d}\t{resolved_at}\n".encode()
        for at, (line, as_of, positive, resolved_at) in enumerate(told)
    ]
    digest.update(b"".join(said))
    return digest.hexdigest()
