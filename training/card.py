"""The model card: what a registered version was taught, how it did, and where its limits lie."""

from __future__ import annotations

from typing import Any

from features.instants import show_instant
from training.candidate import Bench, Candidate
from training.evaluate import Report
from training.period import Period
from training.split import sizes

LIMITS = (
    "The probability is that of a finding given an inspection at the usual depth.",
    "It is learnt from inspected lines only, most of which were chosen because they looked risky.",
    "The explanation's base speaks of inspected lines.",
)


def model_card(bench: Bench, candidate: Candidate, report: Report, period: Period) -> dict[str, Any]:
    """Return the card as JSON values; instants are microseconds, with a reading beside them."""
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
        "data": {
            "fingerprint": dataset.fingerprint,
            "rows": len(dataset),
            "positives": int(dataset.positive.sum()),
            "dropped": {reason: count for reason, count in sorted(dataset.dropped.items()) if count},
            "result_delay_days": round(dataset.delay / 86_400e6, 2),
            **sizes(bench.folds, dataset.positive),
        },
        "settings": bench.spec.to_dict(),
        "mixture": [
            {"member": member.name, "trees": rounds, "weight": weight, "settings": dict(member.settings)}
            for member, rounds, weight in zip(
                candidate.recipe.members, candidate.recipe.rounds, candidate.recipe.weights, strict=True
            )
        ],
        "refitted_on_all_rows": candidate.refitted,
        "figures": report.to_dict(),
        "limits": list(LIMITS),
    }
