"""What to do about a version that did not pass: a line for each gate that is closed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

FAULT = "a fault of the software or its environment: do not force it, report it"
MOVED = "train with later lessons; customs-risk drift tells whether the trade has moved"
WORSE = "it is worse than the champion beyond doubt: keep the champion"
UNSEEN = "too little to judge by, and the policy closes what is not judged: train again once there is more"

REMEDIES: dict[str, str] = {
    "contributions add up": FAULT,
    "loads elsewhere": FAULT,
    "calibration holds": MOVED,
    "calibration holds by month": MOVED,
    "not worse than the champion": WORSE,
    "recall at capacity holds": WORSE,
    "no slice is worse": WORSE,
    "golden set holds": "the champion says something else now: find out why, compare --refreeze, train again",
    "reasons are stable": "other columns carry the score: read both cards (customs-risk card)",
    "scores are not slower": "ask again on a quiet machine",
    "no source lies": "look at the records of the sources named",
}


def refused(version: str, report: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines that say which gates of a report are closed and what to do; none where all are open."""
    gates = report["gates"]
    shut = [gate for gate in gates if not gate["passed"]]
    if not shut:
        return
    closed = f"{len(shut)} of {len(gates)} gates closed"
    yield f"{version}: registered, but customs-risk promote will refuse it: {closed}"
    for gate in shut:
        remedy = REMEDIES[gate["name"]] if gate.get("judged", True) else UNSEEN
        yield f"  {gate['name']}: {remedy}"
    yield "  past a closed gate goes only customs-risk promote --force with a --reason, which is recorded"
