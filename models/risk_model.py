"""A trained model: a feature frame in, calibrated probabilities and their exact contributions out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from features.terms import Direction
from models.calibration import Platt, sigmoid
from models.errors import FrameMismatch, UncalibratedDirection
from models.hazards import HazardModel
from models.reference import Reference
from models.scores import Explained
from models.tree_shap import AnyBooster, TreeShap, model_text

if TYPE_CHECKING:
    from features.schema import FeatureSpec

Floats = NDArray[np.float64]


class NamedColumns(Protocol):
    """What a feature frame shows to a model: its values (n, k) and the names of its columns."""

    @property
    def values(self) -> Floats: ...  # noqa: D102

    @property
    def names(self) -> Sequence[str]: ...  # noqa: D102


@dataclass(frozen=True, eq=False)
class RiskModel:
    """A booster over a feature spec, calibrated per direction in log-odds.

    `booster` is a LightGBM booster or the text it saves; the text is what counts, truncated at the
    booster's best iteration. `fingerprint` names the bundle the model was read from, in hex; it is empty
    for a model not yet kept.
    """

    target: str
    feature_spec: FeatureSpec
    booster: AnyBooster
    calibrations: Mapping[Direction, Platt]
    reference: Reference = field(default_factory=Reference)
    hazards: HazardModel = field(default_factory=HazardModel)
    """Which hazard, given that a line does not conform; it changes no score."""
    fingerprint: str = ""
    card: Mapping[str, Any] = field(default_factory=dict)
    """The bundle's model card: figures and periods."""

    def __post_init__(self) -> None:
        names = tuple(self.feature_spec.names)
        if len(names) != self.tree_shap.n_features:
            raise FrameMismatch(
                f"the booster reads {self.tree_shap.n_features} columns, the feature spec names {len(names)}"
            )
        if self.tree_shap.n_classes != 1:
            raise FrameMismatch(f"the booster has {self.tree_shap.n_classes} outputs; a risk model has one")

    @cached_property
    def text(self) -> str:
        """The booster as LightGBM text, the same bytes that the bundle holds."""
        return model_text(self.booster)

    @cached_property
    def tree_shap(self) -> TreeShap:
        """The booster prepared for exact contributions."""
        return TreeShap(self.text)

    def check_frame(self, frame: NamedColumns) -> Floats:
        """Return the frame's values (n, k) if its columns are the model's, in order; else FrameMismatch."""
        expected, given = tuple(self.feature_spec.names), tuple(frame.names)
        if expected != given:
            raise FrameMismatch(_difference(expected, given))
        return frame.values

    def margins(self, X: Floats) -> Floats:
        """Return raw margins (n,) in log-odds before calibration: the sum of the leaves, without
        contributions.

        They equal the sum of the contributions to about 1e-12, not in every bit: what is shown or stored as
        a score comes from `explain`.
        """
        return self.tree_shap.margins(X)

    def probability(self, X: Floats, directions: Iterable[str]) -> Floats:
        """Return calibrated probabilities (n,), for training and evaluation in bulk (see `margins`)."""
        slopes, intercepts = self._lines(directions)
        return sigmoid(intercepts + slopes * self.margins(X))

    def explain(self, X: Floats, directions: Iterable[str]) -> Explained:
        """Return scores of rows (n, k) with the contributions they are the sum of.

        A row has the same bits whether it is explained alone or among others. Raises UncalibratedDirection.
        """
        slopes, intercepts = self._lines(directions)
        values = self.tree_shap.values(X)
        if len(slopes) != len(values):
            raise FrameMismatch(f"{len(values)} rows and {len(slopes)} directions must be equally many")
        base = intercepts + slopes * self.tree_shap.expected_value
        contributions = values * slopes[:, np.newaxis]
        log_odds = base + contributions.sum(axis=1)
        return Explained(base, contributions, log_odds, sigmoid(log_odds))

    def _lines(self, directions: Iterable[str]) -> tuple[Floats, Floats]:
        try:
            lines = [self.calibrations[direction] for direction in directions]  # type: ignore[index]
        except KeyError as error:
            known = ", ".join(sorted(self.calibrations)) or "none"
            raise UncalibratedDirection(
                f"direction {error.args[0]!s} was never calibrated (known: {known})", value=error.args[0]
            ) from None
        pairs = np.array([(line.slope, line.intercept) for line in lines], dtype=np.float64).reshape(-1, 2)
        return pairs[:, 0], pairs[:, 1]


def _difference(expected: tuple[str, ...], given: tuple[str, ...]) -> str:
    missing = [name for name in expected if name not in given]
    extra = [name for name in given if name not in expected]
    if missing or extra:
        return f"the frame lacks the columns {missing} and has {extra} that the model does not know"
    at = next(i for i, (want, have) in enumerate(zip(expected, given, strict=True)) if want != have)
    return (
        f"column {at} of the frame is {given[at]!r} where the model reads {expected[at]!r}: the order differs"
    )
