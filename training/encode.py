"""Rows to numbers: the frame of a dataset, from the history as it was known at each row's own instant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.catalog import MODEL_FEATURES
from features.facts import KnownHistory
from features.frame import build_frame
from features.goods.name_risk import NameRisk
from features.schema import FeatureSpec, fit_spec
from training.clusters import Clusters
from training.dataset import Dataset
from training.fit import Table
from training.signs import known_signs


@dataclass(frozen=True, slots=True, eq=False)
class Encoded:
    """The frame of a dataset, the spec it was built by, and the frame (m, k) of the lines declared lately."""

    table: Table
    spec: FeatureSpec
    recent: NDArray[np.float64]


def encode(
    dataset: Dataset,
    history: KnownHistory,
    names: Sequence[str] = MODEL_FEATURES,
    *,
    name_risk: NameRisk | None = None,
) -> Encoded:
    """Freeze the vocabularies on the dataset's lines and build their frame, each as of its own instant.

    `name_risk` reads the declared names; without it nothing is known of them.
    """
    spec = fit_spec(dataset.lines, names, name_risk)
    frame = build_frame(dataset.lines, history, dataset.as_of, spec)
    recent = build_frame(dataset.recent.lines, history, dataset.recent.as_of, spec)
    table = Table(
        frame.values,
        dataset.positive,
        spec.names,
        spec.categorical,
        signs=known_signs(spec.names),
        as_of=dataset.as_of,
        clusters=Clusters.by_consignee(dataset.lines),
    )
    return Encoded(table, spec, recent.values)
