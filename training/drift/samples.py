"""The lines that are compared: what the champion learned from, and what came since."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from features.facts import KnownHistory
from features.frame import build_frame
from features.instants import DAY, show_instant
from features.lines import Lines
from features.store.database import Store
from models.risk_model import RiskModel
from training.clusters import Clusters
from training.contributions import Sample, sample_of
from training.dataset import declared_in, first_revisions
from training.errors import TrainingError
from training.period import Span

Floats = NDArray[np.float64]

REFERENCE = 180 * DAY
"""How long before the end of its lessons the champion's reference begins."""
MOST = 5_000
LEAST = 200
"""Lines without which nothing is said about drift."""


class TooFewLines(TrainingError):
    """A period with too few lines to tell drift from noise."""

    title = "Too few lines"
    title_zh = "申报行过少"
    remedy = "Choose a longer period with --from and --until."
    remedy_zh = "请用 --from、--until 选择更长的期间。"


@dataclass(frozen=True, eq=False)
class Lately:
    """Lines of a period as the champion sees them; `declared` is how many there were before sampling."""

    span: Span
    declared: int
    lines: Lines
    values: Floats
    probability: Floats
    sample: Sample

    def __len__(self) -> int:
        return len(self.lines)

    @cached_property
    def clusters(self) -> tuple[NDArray[np.intp], int]:
        """Number each line's enterprise from 0, a line without one being alone; and how many there are."""
        found = Clusters.by_consignee(self.lines)
        return found.of, found.many


def lately(store: Store, history: KnownHistory, model: RiskModel, span: Span) -> Lately:
    """Read an even sample of the lines declared in a span and score them as of their instants.

    Raises TooFewLines.
    """
    ids = declared_in(store, span)
    if len(ids) < LEAST:
        raise TooFewLines(
            f"{len(ids)} lines were declared from {show_instant(span.start)[:10]} to "
            f"{show_instant(span.until)[:10]}; {LEAST} are needed to tell drift from noise"
        )
    filed = first_revisions(store, ids[:: -(-len(ids) // MOST)])
    filed = [line for line in filed if line.record.direction in model.calibrations]
    lines = Lines.of([line.record for line in filed])
    as_of = np.array([line.as_of for line in filed], dtype=np.int64)
    values = model.check_frame(build_frame(lines, history, as_of, model.feature_spec))
    ways = [str(way) for way in lines["direction"]]
    sample = sample_of(model, values, ways, as_of)
    return Lately(span, len(ids), lines, values, model.probability(values, ways), sample)
