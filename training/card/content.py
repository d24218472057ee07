"""The content of a model card, as it is signed into the bundle."""

from __future__ import annotations

from typing import Any

from features.catalog import CATALOG
from features.instants import show_instant
from training.candidate import Bench, Candidate
from training.card.parts import calibration_by_month, card_slices, strongest
from training.contributions import Sample, families
from training.examination import Examination
from training.period import Period
from training.split import sizes

LIMITS = (
    (
        "概率是在按通常深度查验的条件下发现问题的概率。",
        "The probability is that of a finding given an inspection at the usual depth.",
    ),
    (
        "仅由已查验的申报学得，其中多数因看似高风险而被选中；如何校正见“查验的选择”。",
        "It is learnt from inspected lines only, most of which were chosen because they looked risky; "
        "what is corrected for that stands under Selection.",
    ),
    (
        "理由中的基准说的是已查验的申报：树的计数未加权。",
        "The explanation's base speaks of inspected lines: the trees' counts are not weighted.",
    ),
    (
        "样本少于标明数量的分组未予判定；未判定不等于没有问题。",
        "Slices with fewer positives than stated are not judged; not judged is not the same as good.",
    ),
)
"""What a reader must know, in Chinese and English."""


def model_card(
    bench: Bench, candidate: Candidate, examination: Examination, sample: Sample, period: Period
) -> dict[str, Any]:
    """Return the card as JSON values; instants are microseconds, with a reading beside them.

    `figures` are of the test fold, from a model that never saw it; `sample` are test lines explained.
    """
    dataset = bench.dataset
    instants = {
        "learned_until": candidate.learned_until,
        "known_until": period.until,
        "test_from": bench.folds.starts["test"],
        "first_line": int(dataset.lines["happened_at"].min()),
    }
    return {
        "target": str(dataset.target),
        "period": instants,
        "period_shown": {name: show_instant(instant) for name, instant in instants.items()},
        "data": _data(bench),
        "settings": bench.spec.to_dict(),
        "mixture": _mixture(candidate),
        "refitted_on_all_rows": candidate.refitted,
        "features": _features(bench),
        "figures": examination.report.to_dict(),
        "selection": candidate.correction.to_card(str(bench.spec.selection))
        | {"support": dict(examination.support)},
        "hazards": dict(candidate.hazards),
        "calibration_by_month": calibration_by_month(bench, candidate),
        "slices": card_slices(bench, candidate, examination),
        "contributions": {"by_family": families(sample), "strongest": strongest(sample)},
        "against": _against(examination),
        "limits": [en for _, en in LIMITS],
        "limits_zh": [zh for zh, _ in LIMITS],
    }


def _data(bench: Bench) -> dict[str, Any]:
    dataset = bench.dataset
    return {
        "fingerprint": dataset.fingerprint,
        "rows": len(dataset),
        "positives": int(dataset.positive.sum()),
        "drawn_at_random": int(dataset.random.sum()),
        "dropped": {reason: count for reason, count in sorted(dataset.dropped.items()) if count},
        "laboratory_retests": dataset.laboratories.retests,
        "laboratory_agreement": {name: round(one, 3) for name, one in dataset.laboratories.of.items()},
        "doubted_labels": int((bench.trust < 1).sum()),
        "result_delay_days": round(dataset.delay / 86_400e6, 2),
        **sizes(bench.folds, dataset.positive),
    }


def _mixture(candidate: Candidate) -> list[dict[str, Any]]:
    recipe = candidate.recipe
    return [
        {"member": member.name, "trees": rounds * fits, "weight": weight, "settings": dict(member.settings)}
        for member, rounds, fits, weight in zip(
            recipe.members, recipe.rounds, recipe.fits, recipe.weights, strict=True
        )
    ]


def _features(bench: Bench) -> list[dict[str, str]]:
    return [{"name": name, "family": str(CATALOG[name].family)} for name in bench.encoded.spec.names]


def _against(examination: Examination) -> dict[str, Any] | None:
    found = examination.comparison
    if found is None:
        return None
    return {
        "champion": found.champion, "lines": found.lines, "positives": found.positives,
        "policy": found.policy.version, "ranking": [each.to_dict() for each in found.ranking],
    }  # fmt: skip
