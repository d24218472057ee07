"""The whole comparison of a challenger with a champion, and the gates that it opens or closes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.facts import KnownHistory
from features.history import History
from features.instants import now, show_instant
from models.risk_model import RiskModel
from models.spec import Target
from training.compare.golden import Golden, GoldenSet, ask, freeze, golden_set
from training.compare.latency import Latency, latency
from training.compare.months import Expected, Month, by_month, over_all
from training.compare.pair import Pair, later_pair
from training.compare.ranking import Difference, differences
from training.compare.reasons import Reasons, reasons
from training.compare.shadows import Shadows, shadows
from training.compare.slices import Slice, slice_labels, slices_of
from training.compare.verdict import Evidence, gates_of
from training.dataset import Dataset, build_dataset
from training.errors import TrainingError
from training.gates import Gate, calibration_gate, gate_report
from training.judge import probability_of
from training.policy import GatePolicy
from training.policy.gates import GoldenPolicy
from training.selection import given_chosen
from training.workshop import Workshop

Floats = NDArray[np.float64]

CHALLENGER, CHAMPION = "challenger", "champion"


class DifferentTargets(TrainingError):
    """Two models that predict different things."""

    title = "Nothing in common"
    title_zh = "两个模型的预测目标不同"
    remedy = "Compare two versions of the same target; list them with `customs-risk models`."
    remedy_zh = "请比较同一目标的两个版本；用 `customs-risk models` 查看。"


@dataclass(frozen=True, slots=True, eq=False)
class Named:
    """A model and what it is called."""

    name: str
    model: RiskModel


@dataclass(frozen=True, slots=True)
class Comparison:
    """What two models did on the same later lines; `gates` say whether the challenger may take over."""

    challenger: str
    champion: str
    policy: GatePolicy
    lines: int
    positives: int
    declared: tuple[str, str]
    ranking: Sequence[Difference]
    random_lines: int
    random_part: Sequence[Difference]
    months: Sequence[Month]
    slices: Sequence[Slice]
    golden: Golden | None = None
    reasons: Reasons | None = None
    latency: Latency | None = None
    shadow: Shadows | None = None
    gates: Sequence[Gate] = field(default_factory=tuple)
    whole: Mapping[str, Expected] = field(default_factory=dict)
    """Found against expected failures of all lines together, by the model's role."""

    def to_dict(self) -> dict[str, Any]:
        """Return the comparison as JSON values; a part that was not asked for is null."""
        parts = {
            name: None if (part := getattr(self, name)) is None else part.to_dict()
            for name in ("golden", "reasons", "latency", "shadow")
        }
        return {
            "challenger": self.challenger, "champion": self.champion, "policy": self.policy.version,
            "lines": self.lines, "positives": self.positives, "declared": list(self.declared),
            "ranking": [each.to_dict() for each in self.ranking],
            "random_part": {
                "lines": self.random_lines, "ranking": [each.to_dict() for each in self.random_part]
            },
            "calibration_by_month": [each.to_dict() for each in self.months],
            "calibration_of_all": {role: asdict(found) for role, found in self.whole.items()},
            "slices": [each.to_dict() for each in self.slices],
            **parts,
            **gate_report(self.gates),
        }  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Contest:
    """Both models, and what is known: labelled lines and history; `refreeze` asks for a golden set anew."""

    challenger: Named
    champion: Named
    dataset: Dataset
    history: KnownHistory
    refreeze: bool = False

    @property
    def models(self) -> tuple[RiskModel, RiskModel]:
        """Return challenger and champion."""
        return self.challenger.model, self.champion.model

    def champions_scores(self, rows: Dataset) -> Floats:
        """Return what the champion says of labelled lines, (n,)."""
        return probability_of(self.champion.model, rows.lines, self.history, rows.as_of)

    def golden(self, home: Path, policy: GoldenPolicy) -> GoldenSet:
        """Return the golden set to ask; one that is frozen now is on file only once it is saved."""
        make = freeze if self.refreeze else golden_set
        return make(home, self.dataset, self.champions_scores, policy)


def compare(
    workshop: Workshop, challenger: Named, champion: Named, policy: GatePolicy, *, refreeze: bool = False
) -> Comparison:
    """Compare two models on the labelled lines declared after both had finished learning.

    With `refreeze` a new golden set takes the place of the old once the comparison stands. Raises
    DifferentTargets, NothingLater where there is no such line, and BrokenGoldenSet.
    """
    ours, theirs = challenger.model, champion.model
    if ours.target != theirs.target:
        raise DifferentTargets(
            f"{challenger.name} predicts {ours.target}, {champion.name} predicts {theirs.target}"
        )
    step = workshop.progress.step
    with step("read records"):
        dataset = build_dataset(workshop.store, Target(ours.target), now())
    with step("build history"):
        history = History.build(workshop.store)
    with step("score later lines as of then"):
        pair = later_pair(dataset, history, ours, theirs)
    with step("compare"):
        contest = Contest(challenger, champion, dataset, history, refreeze)
        found = compare_pair(workshop, contest, pair, policy)
    enough = found.positives >= policy.minimum_positives
    if not enough:
        return found
    given = given_chosen(ours, pair.ours, pair.reasons)
    gate = calibration_gate(pair.positive, given, pair.clusters, ours.calibrations, policy)
    return replace(found, gates=(*found.gates, gate))


def compare_pair(
    workshop: Workshop, contest: Contest, pair: Pair, policy: GatePolicy, *, timed: bool = True
) -> Comparison:
    """Compare two models on lines already scored; CPU time is measured only where `timed`."""
    history, models = contest.history, contest.models
    declared = pair.lines["happened_at"]
    told = {CHALLENGER: (models[0], pair.ours), CHAMPION: (models[1], pair.theirs)}
    scores = {role: given_chosen(model, score, pair.reasons) for role, (model, score) in told.items()}
    frozen = contest.golden(workshop.home, policy.golden_set)
    found = Comparison(
        challenger=contest.challenger.name,
        champion=contest.champion.name,
        policy=policy,
        lines=len(pair),
        positives=int(pair.positive.sum()),
        declared=(show_instant(int(declared.min()))[:10], show_instant(int(declared.max()))[:10]),
        ranking=differences(pair, policy),
        random_lines=int(pair.random.sum()),
        random_part=_random(pair, policy),
        months=by_month(pair.positive, declared, scores, policy.confidence, pair.clusters),
        whole=over_all(pair.positive, scores, policy.confidence, pair.clusters),
        slices=slices_of(pair, slice_labels(pair.lines, history, pair.as_of, policy.slices), policy),
        golden=ask(workshop.store, history, frozen, models, policy.golden_set),
        reasons=reasons(pair.lines, pair.as_of, history, models, policy.explanations),
        latency=latency(pair.lines, pair.as_of, history, models, policy.latency) if timed else None,
        shadow=shadows(workshop.store, models, contest.dataset, policy),
    )
    judged = replace(found, gates=_gates(found, pair))
    frozen.save()
    return judged


def _gates(found: Comparison, pair: Pair) -> tuple[Gate, ...]:
    evidence = Evidence(
        pair.positive, found.ranking, found.months, found.slices, found.golden, found.reasons, found.latency,
        found.whole,
    )  # fmt: skip
    return tuple(gates_of(evidence, found.policy))


def _random(pair: Pair, policy: GatePolicy) -> list[Difference]:
    few = int(pair.positive[pair.random].sum()) < policy.minimum_positives
    return [] if few or np.all(pair.positive[pair.random]) else differences(pair.take(pair.random), policy)
