"""The same later lines scored by several models: each beside the first, with paired resampling.

Lines are drawn one by one: where models err about whole enterprises, intervals are too narrow for other ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np

from benchmarks.rows import row
from training.figures import average_precision, resampled_gains
from training.judge import Scored

Gains: TypeAlias = dict[str, list[np.ndarray]]
"""Of each model the resampled gains, a set of lines after the other."""


def compared(where: str, scored: Mapping[str, Scored], gains: Gains, resamples: int) -> list[dict[str, Any]]:
    """Set the average precision of each model beside that of the first, and keep the resampled gains."""
    base_name, *others = scored
    base, rows = scored[base_name], []
    for name in others:
        ours = scored[name]
        found = resampled_gains(base.positive, ours.probability, base.probability, resamples=resamples)
        gains.setdefault(name, []).append(found)
        low, high = np.quantile(found, (0.025, 0.975))
        ap = [average_precision(base.positive, each.probability) for each in (ours, base)]
        note = f"paired difference {ap[0] - ap[1]:+.4f}, 95 % interval [{low:+.4f}, {high:+.4f}]"
        counted = f"{int(base.positive.sum())} of {len(base.positive)} later lines fail"
        rows.append(row(f"{where}: average precision {name}", ap[0], ap[1], f"{note}; {counted}"))
    return rows


def share_closed(
    positive: np.ndarray, scores: Mapping[str, np.ndarray], pair: tuple[str, str], resamples: int
) -> tuple[float, str]:
    """Return which share of the gap from `plain` to the second of a pair the first closes, and its interval
    in words."""
    plain = scores["plain"]
    base = average_precision(positive, plain)
    first, second = (average_precision(positive, scores[name]) - base for name in pair)
    gains = [resampled_gains(positive, scores[name], plain, resamples=resamples) for name in pair]
    low, high = np.quantile(gains[0] / gains[1], (0.025, 0.975))
    return first / second, f"95 % interval [{low:.2f}, {high:.2f}]"


def pooled(gains: Gains) -> list[dict[str, Any]]:
    """Average each model's gains over ports, each resampled by itself, and with the ports drawn again too."""
    return [_pooled(name, found) for name, found in gains.items()]


def _pooled(name: str, found: list[np.ndarray]) -> dict[str, Any]:
    mean = np.mean(found, axis=0)
    low, high = np.quantile(mean, (0.025, 0.975))
    wide = np.quantile(_ports_drawn(np.array(found)), (0.025, 0.975))
    note = (
        f"95 % interval [{low:+.4f}, {high:+.4f}] within {len(found)} ports, "
        f"[{wide[0]:+.4f}, {wide[1]:+.4f}] with the ports drawn again too; peer is nothing"
    )
    return row(f"all ports: mean difference in average precision {name}", float(mean.mean()), 0.0, note)


def _ports_drawn(gains: np.ndarray) -> np.ndarray:
    """Return means over ports drawn again, each by one of its resampled gains: (ports, n) to (n,)."""
    random = np.random.default_rng(0)
    ports, resamples = (random.integers(0, most, gains.shape[::-1]) for most in gains.shape)
    return np.asarray(gains[ports, resamples].mean(axis=1))
