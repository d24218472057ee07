"""How soon the lines of a bad batch stand among the riskiest: days from the batch's first line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.rows import row
from features.instants import DAY

TOP, RESAMPLES = 0.05, 1_000


def days_rows(
    where: str, told: pd.DataFrame, ids: np.ndarray, scores: Mapping[str, np.ndarray]
) -> list[dict[str, Any]]:
    """For ours beside the truth's p_observable: which bad batches get there, and after how many days.

    Only batches whose first line is among the later ones (`ids`) count; each ends with its last line.
    """
    ours, best, latent = (
        first_days(told, ids, scores[name]) for name in ("ours", "p_observable", "p_latent")
    )
    peer, began = "peer is p_observable", f"{where}: days from a bad batch's first line"
    also = f"{len(ours)} bad batches that begin among the later lines, {int(ours.lines.sum())} lines"
    got = f"p_latent {latent.day.notna().mean():.3f}; {also}"
    there = f"of those that get there; median {ours.day.median():.1f}, p_observable {best.day.median():.1f}"
    return [
        _row(f"{where}: bad batches with a line in the top 5 %", ours.day.notna(), best.day.notna(), got),
        _row(
            f"{began} until one is in the top 5 %", ours.day.dropna(), best.day.dropna(), f"{peer}; {there}"
        ),
        _row(
            f"{began} until one is there, or the batch ends",
            ours.waited,
            best.waited,
            f"{peer}; p_latent {latent.waited.mean():.2f}",
        ),
    ]


def first_days(told: pd.DataFrame, ids: np.ndarray, score: np.ndarray) -> pd.DataFrame:
    """Return each bad batch's `lines`, the `day` of its first line in the top, and the days `waited` for it.

    `day` is NaN where none is, and `waited` then lasts until the last line.
    """
    threshold = np.quantile(score, 1 - TOP)
    top = pd.Series(score > threshold, index=ids)
    bad = told[told.batch_bad]
    first = bad.groupby("batch_id").declared_at.min()
    later = bad[bad.id.isin(top.index)]
    begun = later.groupby("batch_id").declared_at.min()
    new = begun.index[begun == first[begun.index]]
    later = later[later.batch_id.isin(new)]
    day = (later.declared_at - later.batch_id.map(first)) / DAY
    later = later.assign(day=day, top=later.id.map(top))
    by_batch = later.groupby("batch_id")
    reached = later[later.top].groupby("batch_id").day.min().reindex(new)
    return pd.DataFrame(
        {"lines": by_batch.size(), "day": reached, "waited": reached.fillna(by_batch.day.max())}
    )


def _row(name: str, ours: pd.Series, best: pd.Series, note: str) -> dict[str, Any]:
    means = [float(each.mean()) if len(each) else None for each in (ours, best)]
    interval = "no such batch"
    if len(ours):
        drawn = np.random.default_rng(0).integers(0, len(ours), (RESAMPLES, len(ours)))
        low, high = np.quantile(ours.to_numpy(dtype=float)[drawn].mean(axis=1), (0.025, 0.975))
        interval = f"95 % interval [{low:.2f}, {high:.2f}]"
    return row(name, means[0], means[1], f"{interval}; {note}")
