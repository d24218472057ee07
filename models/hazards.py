"""Which hazard, given that goods do not conform: shares of like goods, corrected by trees.

Findings are few. A heading's shares are drawn towards its chapter's, those towards all findings', weighted by
what the taxonomy holds typical of the chapter, so that every line has an answer; `support` says on how much.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.text.lexicon import hazards
from models.errors import ModelsError
from models.tree_shap import TreeShap

Floats = NDArray[np.float64]

HAZARDS: tuple[str, ...] = tuple(hazards())
"""The hazard classes of the taxonomy; probabilities stand in this order."""
PLACE: Mapping[str, int] = {hazard: at for at, hazard in enumerate(HAZARDS)}
FILES = ("hazards.json", "hazards.txt")
"""A bundle's files of a hazard model; one that was taught nothing has none, one without trees the first."""
LENGTHS = (4, 2, 0)
"""Digits of the HS code that findings are counted by, the narrowest first."""
STRENGTHS: Mapping[int, float] = {4: 3.0, 2: 10.0, 0: 20.0}
"""Findings that the next wider shares are worth."""
MOST_HEADINGS = 10_000
"""Headings remembered before all are forgotten; the tariff has some 1,200."""
UNTYPICAL = 0.1
"""Weight of a hazard that the taxonomy does not hold typical of a chapter, against 1."""


class InvalidHazards(ModelsError):
    """A hazard model that contradicts itself or the taxonomy."""

    title = "Hazard model refused"
    title_zh = "危害模型被拒绝"
    remedy = "Train and promote a model again with this version."
    remedy_zh = "请用当前版本重新训练并启用模型。"


@dataclass(frozen=True, slots=True)
class HazardCounts:
    """Findings by beginning of the HS code ("" for all), each float64 (hazards,); reports may count less."""

    by_code: Mapping[str, Floats] = field(default_factory=dict)

    @classmethod
    def of(cls, codes: Sequence[str], places: Sequence[int], weights: Sequence[float]) -> HazardCounts:
        """Count findings of goods (HS codes) by hazard (positions in HAZARDS)."""
        counts: dict[str, Floats] = {}
        for code, place, weight in zip(codes, places, weights, strict=True):
            for length in LENGTHS:
                counts.setdefault(code[:length], np.zeros(len(HAZARDS)))[place] += weight
        return cls(counts)

    def shares(self, code: str, without: int | None = None) -> Floats:
        """Return the shares of hazards (hazards,) among findings of goods like these.

        `without` leaves out one finding of this very goods and hazard: a row must not foretell itself.
        """
        own = np.zeros(len(HAZARDS))
        if without is not None:
            own[without] = 1.0
        shares = np.full(len(HAZARDS), 1.0 / len(HAZARDS))
        for length in reversed(LENGTHS):
            if length == 2:
                shares = shares * _typical(code[:2])
                shares = shares / shares.sum()
            found = np.maximum(self._found(code[:length]) - own, 0.0)
            shares = (found + STRENGTHS[length] * shares) / (found.sum() + STRENGTHS[length])
        return shares

    def support(self, code: str) -> float:
        """Return how many findings of this heading were counted."""
        return float(self._found(code[:4]).sum())

    def _found(self, code: str) -> Floats:
        found = self.by_code.get(code)
        return np.zeros(len(HAZARDS)) if found is None else found


def _typical(chapter: str) -> Floats:
    return np.array([1.0 if chapter in each.chapters else UNTYPICAL for each in hazards().values()])


@dataclass(frozen=True, eq=False)
class HazardModel:
    """P(hazard | nonconforming) of lines: log shares of like goods plus trees, scaled in log-odds, softmax.

    `text` is a LightGBM multiclass booster over the risk model's own columns, one output for each of
    `taught`; empty where trees did not help. `slope` and `bias` (hazards,) are the calibration. Without any
    findings it says what the taxonomy holds typical of a chapter.
    """

    counts: HazardCounts = field(default_factory=HazardCounts)
    text: str = ""
    taught: tuple[str, ...] = ()
    slope: float = 1.0
    bias: tuple[float, ...] = (0.0,) * len(HAZARDS)

    def __post_init__(self) -> None:
        if not (np.isfinite(self.slope) and self.slope > 0 and np.isfinite(self.bias).all()):
            raise InvalidHazards(f"slope {self.slope} must be positive, it and the biases finite")
        if len(self.bias) != len(HAZARDS) or not set(self.taught) <= PLACE.keys():
            raise InvalidHazards(f"hazards {sorted(set(self.taught) - PLACE.keys())} are not in the taxonomy")
        outputs = 0 if self.tree_shap is None else self.tree_shap.n_classes
        if outputs != len(self.taught):
            raise InvalidHazards(f"the booster has {outputs} outputs for {len(self.taught)} hazards")

    @cached_property
    def tree_shap(self) -> TreeShap | None:
        """The trees, None where there are none."""
        return TreeShap(self.text) if self.text else None

    @cached_property
    def _places(self) -> NDArray[np.intp]:
        return np.array([PLACE[hazard] for hazard in self.taught], dtype=np.intp)

    @cached_property
    def _bias(self) -> Floats:
        return np.array(self.bias)

    @cached_property
    def _logs(self) -> dict[str, Floats]:
        return {}

    @property
    def basis(self) -> str:
        """Name what answers: shares of like goods corrected by "trees", "shares" alone, or the "taxonomy"."""
        if self.text:
            return "trees"
        return "shares" if self.counts.by_code else "taxonomy"

    @property
    def findings(self) -> float:
        """How many findings taught it."""
        return self.counts.support("")

    def support(self, hs_code: str) -> float:
        """Return how many findings of this heading taught it."""
        return self.counts.support(hs_code)

    def logits(self, X: Floats, hs_codes: Sequence[str]) -> Floats:
        """Return uncalibrated log shares (n, hazards) of rows X (n, columns) with their HS codes."""
        logits = np.array([self._log_shares(code) for code in hs_codes]).reshape(-1, len(HAZARDS))
        if self.tree_shap is not None:
            logits[:, self._places] += self.tree_shap.margins(X)
        return logits

    def probabilities(self, X: Floats, hs_codes: Sequence[str]) -> Floats:
        """Return P(hazard | nonconforming), float64 (n, hazards) in the order of HAZARDS; rows sum to 1."""
        return softmax(self.slope * self.logits(X, hs_codes) + self._bias)

    def _log_shares(self, hs_code: str) -> Floats:
        heading = hs_code[:4]
        found = self._logs.get(heading)
        if found is None:
            if len(self._logs) >= MOST_HEADINGS:
                self._logs.clear()
            found = self._logs[heading] = np.log(self.counts.shares(heading))
        return found

    def to_parts(self) -> dict[str, bytes]:
        """Return the files of a bundle that hold this model; none for one that was taught nothing."""
        if not self.counts.by_code:
            return {}
        told = {
            "hazards": HAZARDS,
            "taught": self.taught,
            "slope": self.slope,
            "bias": self.bias,
            "counts": {code: found.tolist() for code, found in sorted(self.counts.by_code.items())},
        }
        parts = {FILES[0]: json.dumps(told, indent=1).encode()}
        return parts | ({FILES[1]: self.text.encode()} if self.text else {})

    @classmethod
    def from_parts(cls, parts: Mapping[str, bytes]) -> HazardModel:
        """Read back what `to_parts` wrote; a bundle from before hazards gives the untaught model.

        Raises InvalidHazards for another taxonomy or numbers that cannot be.
        """
        if FILES[0] not in parts:
            return cls()
        told: dict[str, Any] = json.loads(parts[FILES[0]])
        if tuple(told["hazards"]) != HAZARDS:
            missing = sorted(set(told["hazards"]) ^ PLACE.keys()) or "another order"
            raise InvalidHazards(f"the bundle's hazards are not this version's: {missing}")
        return cls(
            HazardCounts({code: np.array(found) for code, found in told["counts"].items()}),
            parts.get(FILES[1], b"").decode(),
            tuple(told["taught"]),
            float(told["slope"]),
            tuple(told["bias"]),
        )


def softmax(logits: Floats) -> Floats:
    """Return probabilities (n, classes) of log shares (n, classes); each row for itself."""
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))
