"""A candidate against the champion while it is made: the test fold, as a model that never saw it tells it."""

from __future__ import annotations

from features.facts import KnownHistory
from training.candidate import Bench, Candidate
from training.champion import ChampionScores
from training.compare.comparison import Comparison, Contest, Named, compare_pair
from training.compare.pair import Pair
from training.compare.verdict import unjudged
from training.gates import Gate
from training.policy import GatePolicy
from training.workshop import Workshop


def against_champion(
    workshop: Workshop,
    bench: Bench,
    candidate: Candidate,
    champion: ChampionScores,
    history: KnownHistory,
    policy: GatePolicy,
) -> Comparison:
    """Compare a candidate with the champion on the test lines that neither had seen.

    CPU time is left out: a report that is signed must come out the same from the same records.
    """
    dataset, rows = bench.dataset, champion.rows
    pair = Pair(
        dataset.lines.take(rows), dataset.as_of[rows], dataset.positive[rows], dataset.random[rows],
        candidate.tested[rows[bench.folds.test]], champion.probability,
        dataset.reasons[rows] if len(dataset.reasons) else dataset.reasons,
    )  # fmt: skip
    names = Named("candidate", candidate.model), Named(champion.version, champion.model)
    return compare_pair(workshop, Contest(*names, dataset, history), pair, policy, timed=False)


def champion_gates(comparison: Comparison | None, policy: GatePolicy, *, champion: bool) -> list[Gate]:
    """Return the gates of a comparison; without one, that of a comparison that could not be made."""
    if comparison is not None:
        return list(comparison.gates)
    if champion:
        return [unjudged("the champion had learned from every line of the test", policy)]
    return [Gate("not worse than the champion", True, "there is no champion yet", judged=False)]
