"""How much sooner the lines of an announced bad batch stand among the riskiest, against another ranking.

A bad batch is announced where a genuine complaint about it, no repeat, was known before one of its lines
was declared; the lines from then on count. A plan that inspects the q % highest scores catches the batch at
the first of them that is among these, else it waits until the last. What depends on luck (who is inspected
at random, what an inspection finds) plays no part. Days are means over plans of 1, 2, …, 20 % unless one is
named.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from benchmarks.rows import row
from features.instants import DAY

Floats = NDArray[np.float64]

PLANS = tuple(percent / 100 for percent in range(1, 21))
"""Shares of all lines that an inspection plan may take: those of the highest scores."""
NAMED = (0.05, 0.1, 0.2)
RESAMPLES = 2000
NONE = "not measured: complaints announced no bad batch of so small a port"


@dataclass(frozen=True, slots=True, eq=False)
class Announced:
    """The later lines of one port as several views score them, in the order of their declaration.

    `batches` are the positions of each announced bad batch's lines, from its first complaint on.
    """

    day: Floats
    scores: Mapping[str, Floats]
    batches: Sequence[NDArray[np.intp]]


def announced_in(
    port: Path, ids: NDArray[np.object_], declared_at: NDArray[np.int64], scores: Mapping[str, Floats]
) -> Announced:
    """Read from the truth which bad batches complaints announced, and which of their lines came later."""
    order = np.argsort(declared_at, kind="stable")
    columns = pq.read_table(port / "truth.parquet", columns=["id", "batch_id"])
    batch_of = dict(zip(columns["id"].to_pylist(), columns["batch_id"].to_pylist(), strict=True))
    first = _first_complaints(port)
    found: dict[int, list[int]] = {}
    for place, at in enumerate(order.tolist()):
        batch = batch_of[ids[at]]
        if first.get(batch, np.inf) < declared_at[at]:
            found.setdefault(batch, []).append(place)
    return Announced(
        day=declared_at[order] / DAY,
        scores={name: score[order] for name, score in scores.items()},
        batches=[np.array(places, dtype=np.intp) for places in found.values()],
    )


def _first_complaints(port: Path) -> dict[int, int]:
    """Return when the first genuine complaint about each bad batch became known."""
    said = pq.read_table(port / "opinions.parquet", columns=["id", "known_at"])
    known = dict(zip(said["id"].to_pylist(), said["known_at"].to_pylist(), strict=True))
    first: dict[int, int] = {}
    for told in pq.read_table(port / "truth_opinions.parquet").to_pylist():
        if told["batch_bad"] and told["sort"] == "real" and not told["is_duplicate"]:
            at = known[told["id"]]
            first[told["batch_id"]] = min(at, first.get(told["batch_id"], at))
    return first


def days_waited(port: Announced, view: str, plan: float) -> Floats:
    """Return, of each announced batch, days from its first line until one is caught, or until its last."""
    score = port.scores[view]
    taken = score > np.quantile(score, 1 - plan)
    waited = [
        port.day[rows[taken[rows]][0] if taken[rows].any() else rows[-1]] - port.day[rows[0]]
        for rows in port.batches
    ]
    return np.array(waited, dtype=np.float64)


def shares_taken(port: Announced, view: str) -> Floats:
    """Return, of each announced batch, the share of its lines that a plan takes, the mean over plans."""
    score = port.scores[view]
    limits = np.quantile(score, [1 - plan for plan in PLANS])
    return np.array([(score[rows][:, None] > limits).mean() for rows in port.batches])


def percentiles(port: Announced, view: str) -> Floats:
    """Return the mean percentile among all later lines of each announced batch's lines."""
    score = port.scores[view]
    rank = np.argsort(np.argsort(score, kind="stable")) * 100.0 / max(len(score) - 1, 1)
    return np.array([rank[rows].mean() for rows in port.batches])


def earlier(ports: Sequence[Announced], base: str, view: str) -> list[dict[str, Any]]:
    """Say how many days a view saves against `base`, how many more lines it takes, how high it ranks them."""
    if not any(port.batches for port in ports):
        return [row(f"announced bad batches: days saved, {view}", None, None, NONE)]
    told = [
        ("days until caught, mean over plans of 1 to 20 %", _mean_days, "saved", -1),
        *((f"days until caught, {plan:.0%} inspected", _days_by(plan), "saved", -1) for plan in NAMED),
        ("share of their lines inspected, mean over plans", shares_taken, "difference", 1),
        ("percentile of their lines", percentiles, "difference", 1),
    ]
    return [
        _compared(f"{name}, {view}", measure, (ports, base, view), said, sign)
        for name, measure, said, sign in told
    ]


def _mean_days(port: Announced, view: str) -> Floats:
    return np.asarray(np.mean([days_waited(port, view, plan) for plan in PLANS], axis=0))


def _days_by(plan: float) -> Any:
    return lambda port, view: days_waited(port, view, plan)


def _compared(
    name: str, measure: Any, context: tuple[Sequence[Announced], str, str], said: str, sign: int
) -> dict[str, Any]:
    """Set a measure of the batches of all ports beside that of the base, with two intervals of the gain."""
    ports, base, view = context
    ours, peer = ([measure(port, which) for port in ports if port.batches] for which in (view, base))
    gains = [sign * (a - b) for a, b in zip(ours, peer, strict=True)]
    every = np.concatenate(gains)
    low, high = np.quantile(_resampled(every), (0.025, 0.975))
    wide = np.quantile(_resampled_by_port(gains), (0.025, 0.975))
    note = (
        f"{said} {every.mean():+.2f}, 95 % interval [{low:+.2f}, {high:+.2f}] over {len(every)} batches, "
        f"[{wide[0]:+.2f}, {wide[1]:+.2f}] with the {len(gains)} ports drawn again too; peer: {base}"
    )
    with_, without = (float(np.concatenate(each).mean()) for each in (ours, peer))
    return row(f"announced bad batches: {name}", with_, without, note)


def _resampled(gains: Floats) -> Floats:
    drawn = np.random.default_rng(0).integers(0, len(gains), (RESAMPLES, len(gains)))
    return np.asarray(gains[drawn].mean(axis=1))


def _resampled_by_port(gains: Sequence[Floats]) -> Floats:
    """Return means of resamples that draw ports, then batches within each."""
    random = np.random.default_rng(0)
    found = np.empty(RESAMPLES)
    for place in range(RESAMPLES):
        chosen = random.integers(0, len(gains), len(gains))
        parts = [gains[port][random.integers(0, len(gains[port]), len(gains[port]))] for port in chosen]
        found[place] = np.concatenate(parts).mean()
    return found
