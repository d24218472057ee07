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

from features.instants import DAY, Instant
from features.lines import Lines
from features.records import Declaration, Inspection, Nonconformity
from features.store.database import Store
from features.store.reader import Revision
from features.terms import Kind
from models.spec import Target
from training.labels import KnownRecord, Label, by_line, label_line
from training.laboratories import Laboratories, laboratories_of

DELAY_QUANTILE = 0.95
RECENT, RECENT_LINES = 90 * DAY, 20_000
_IDS_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True, eq=False)
class Recent:
    """Lately declared lines, each as of the instant `as_of` (int64) at which it became visible."""

    lines: Lines
    as_of: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class PassedOver:
    """An even sample of lines never inspected, by id, at most 20,000; each stands for `weight` lines."""

    ids: tuple[str, ...] = ()
    weight: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """n labelled lines in the order of their instants.

    `lines` hold the content of each line's first revision and `as_of` (int64) the instant it became visible,
    which is when it would have been scored; `resolved_at` when its label did. `positive` and `random` (drawn
    at random) are boolean. `delay` is the age by which 95 % of passes, and 95 % of failures, are known.
    `recent` are lines of the last 90 days, inspected or not, at most 20,000: what scores are ranked among.
    `reasons` say why each line was inspected and `recorded` the plan's chance of it, NaN where none is
    recorded; `passed_over` are lines that were old enough and never inspected. `trust` (n,) is the chance
    that each label is right, by the agreement of laboratories with re-tests.
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
    passed_over: PassedOver = field(default_factory=PassedOver)
    trust: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    laboratories: Laboratories = field(default_factory=Laboratories)

    def __len__(self) -> int:
        return len(self.as_of)

    def take(self, rows: NDArray[np.bool_]) -> Dataset:
        """Return the rows of a mask, with what is known of all."""
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


@dataclass(slots=True)
class Standing:
    """What stands at an instant: inspections and findings by id, and each line's first revision."""

    inspections: dict[str, KnownRecord[Inspection]] = field(default_factory=dict)
    findings: dict[str, KnownRecord[Nonconformity]] = field(default_factory=dict)
    filed: dict[str, Instant] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)

    def apply(self, revision: Revision) -> None:
        """Let a revision replace what its record said before; call in sequence order."""
        if revision.kind == Kind.DECLARATION:
            self.filed.setdefault(revision.id, revision.visible_at)
            (self.gone.discard if revision.action == "put" else self.gone.add)(revision.id)
        elif revision.kind == Kind.INSPECTION:
            _stand(self.inspections, revision, Inspection)
        elif revision.kind == Kind.NONCONFORMITY:
            _stand(self.findings, revision, Nonconformity)


def _stand(records: dict[str, KnownRecord], revision: Revision, kind: type) -> None:  # type: ignore[type-arg]
    if isinstance(revision.record, kind):
        records[revision.id] = KnownRecord(revision.record, revision.visible_at)
    else:
        records.pop(revision.id, None)


@dataclass(frozen=True, slots=True)
class Filed:
    """A line's first revision: what it said, when it became visible, and its place in the store."""

    record: Declaration
    as_of: Instant
    sequence: int
    content_hash: bytes


def what_stands(store: Store, until: Instant) -> Standing:
    """Read every record as it stood just before `until`."""
    standing = Standing()
    for chunk in store.changes():
        for revision in chunk:
            if revision.visible_at < until:
                standing.apply(revision)
    return standing


def first_revisions(store: Store, ids: Iterable[str]) -> list[Filed]:
    """Read the first revision of each line, in the order they became visible; erased ones are left out."""
    filed = [
        Filed(first.record, first.visible_at, first.sequence, first.content_hash)
        for some in _batches(sorted(ids))
        for first in (revisions[0] for revisions in store.revisions(Kind.DECLARATION, some).values())
        if isinstance(first.record, Declaration)
    ]
    return sorted(filed, key=lambda line: (line.as_of, line.sequence))


def _batches(ids: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(ids), _IDS_AT_ONCE):
        yield ids[start : start + _IDS_AT_ONCE]


def build_dataset(store: Store, target: Target, until: Instant) -> Dataset:
    """Label every declared line from what was known before `until`, and say why the others are not rows."""
    standing = what_stands(store, until)
    labels, dropped, laboratories = _labels(standing, target)
    filed = first_revisions(store, labels)
    dropped["erased"] += len(labels) - len(filed)
    dataset = _assemble(target, filed, labels, dropped, recent_lines(store, standing))
    old_enough = dataset.as_of <= until - dataset.delay
    dropped["younger than the usual delay of results"] += int((~old_enough).sum())
    passed_over = _passed_over(standing, until - dataset.delay)
    return replace(dataset.take(old_enough), passed_over=passed_over, laboratories=laboratories)


def _labels(standing: Standing, target: Target) -> tuple[dict[str, Label], Counter[str], Laboratories]:
    inspections, findings = by_line(standing.inspections), by_line(standing.findings)
    laboratories = laboratories_of(inspections.values())
    labels: dict[str, Label] = {}
    dropped: Counter[str] = Counter()
    for line in standing.filed:
        label = label_line(target, inspections.get(line, ()), findings.get(line, ()))
        if line in standing.gone:
            dropped["withdrawn"] += 1
        elif isinstance(label, Label):
            trust = laboratories.trust(inspections[line], positive=label.positive)
            labels[line] = replace(label, trust=trust)
        else:
            dropped[label] += 1
    dropped["inspection of an unknown line"] += len(inspections.keys() - standing.filed.keys())
    return labels, dropped, laboratories


def _passed_over(standing: Standing, until: Instant) -> PassedOver:
    """Sample the lines that stand, old enough for an inspection to be known, without any."""
    inspected = {known.record.declaration_id for known in standing.inspections.values()}
    never = [
        line
        for line, as_of in standing.filed.items()
        if as_of <= until and line not in inspected and line not in standing.gone
    ]
    step = max(1, -(-len(never) // RECENT_LINES))
    ids = tuple(never[::step])
    return PassedOver(ids, len(never) / len(ids) if ids else 1.0)


def recent_lines(store: Store, standing: Standing) -> Recent:
    """Read an even sample of the lines of the last 90 days that stand."""
    newest = max(standing.filed.values(), default=0)
    young = [
        line
        for line, as_of in standing.filed.items()
        if as_of > newest - RECENT and line not in standing.gone
    ]
    step = max(1, -(-len(young) // RECENT_LINES))
    filed = first_revisions(store, young[::step])
    as_of = np.array([line.as_of for line in filed], dtype=np.int64)
    return Recent(Lines.of([line.record for line in filed]), as_of)


def _assemble(
    target: Target, filed: list[Filed], labels: dict[str, Label], dropped: Counter[str], recent: Recent
) -> Dataset:
    chosen = [labels[line.record.id] for line in filed]
    as_of = np.array([line.as_of for line in filed], dtype=np.int64)
    resolved_at = np.array([label.resolved_at for label in chosen], dtype=np.int64)
    positive = np.array([label.positive for label in chosen], dtype=bool)
    return Dataset(
        target=target,
        lines=Lines.of([line.record for line in filed]),
        as_of=as_of,
        resolved_at=resolved_at,
        positive=positive,
        random=np.array([label.random for label in chosen], dtype=bool),
        delay=usual_delay(resolved_at - as_of, positive),
        dropped=dropped,
        fingerprint=_fingerprint(target, filed, chosen),
        recent=recent,
        reasons=np.array([str(label.reason) for label in chosen], dtype=object),
        trust=np.array([label.trust for label in chosen], dtype=np.float64),
        recorded=np.array([np.nan if label.recorded is None else label.recorded for label in chosen]),
    )


def usual_delay(delay: NDArray[np.int64], positive: NDArray[np.bool_]) -> Instant:
    """Return the age by which 95 % of each outcome's results are known; failures take longer than passes."""
    parts = [delay[chosen] for chosen in (positive, ~positive) if chosen.any()]
    return max((int(np.quantile(part, DELAY_QUANTILE)) for part in parts), default=0)


def _fingerprint(target: Target, filed: list[Filed], labels: list[Label]) -> str:
    digest = hashlib.sha256(target.encode())
    for line, label in zip(filed, labels, strict=True):
        digest.update(line.content_hash)
        digest.update(f"{line.record.id}\t{line.as_of}\t{label.positive:d}\t{label.resolved_at}\n".encode())
    return digest.hexdigest()
