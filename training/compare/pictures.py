"""A comparison as pictures: what the models catch, how calibrated they stay, and where they differ."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from training.compare.comparison import Comparison
from training.compare.ranking import Difference
from training.compare.slices import DIMENSIONS
from training.compare.words import figure_words, slice_words
from training.plots import label

COLOURS = {"challenger": "#b5473c", "champion": "#1f4e79"}
_FAINT = "#9aa5b1"
_APART = 0.12
_FIGURE = "precision_at_"


def draw_precision(ax: Axes, found: Comparison) -> None:
    """Draw of how many inspected lines each model would have been right, over the shares inspected."""
    ranked = [each for each in found.ranking if each.figure.startswith(_FIGURE)]
    at = np.arange(len(ranked))
    for side, (role, colour) in enumerate(COLOURS.items()):
        values = [each.ours if role == "challenger" else each.theirs for each in ranked]
        ax.bar(at + (side - 0.5) * 0.36, values, width=0.34, color=colour, label=getattr(found, role))
    ax.axhline(found.positives / found.lines, color=_FAINT, linewidth=1, label="all judged lines")
    ax.set_xticks(at, [each.figure.removeprefix(_FIGURE).replace("pct", " %") for each in ranked])
    ax.set_ylim(0, 1.3 * max([each.ours for each in ranked] + [each.theirs for each in ranked], default=1.0))
    ax.legend(frameon=False, fontsize=8, ncols=3, loc="upper center")
    label(ax, "Precision at capacity", "share of the lines inspected", "share of these that failed")


def draw_differences(ax: Axes, ranking: Sequence[Difference]) -> None:
    """Draw by how much the challenger is better in each figure, with paired 95 % intervals."""
    _forest(ax, [figure_words(each.figure)[1] for each in ranking], ranking)
    label(ax, "Challenger less champion", "difference, 95 % interval (paired bootstrap)", "")


def draw_slices(ax: Axes, found: Comparison) -> None:
    """Draw the difference in average precision on each slice that has enough positives to judge."""
    kept = [(each, each.difference) for each in found.slices if each.difference is not None]
    names = [
        f"{DIMENSIONS[each.dimension][1].partition(' (')[0]}: {slice_words(each.dimension, each.value)[1]}"
        f" ({each.positives} of {each.lines})"
        for each, _ in kept
    ]
    _forest(ax, names, [difference for _, difference in kept])
    label(ax, f"Slices: {len(kept)} of {len(found.slices)} judged", "difference in average precision", "")


def draw_months(ax: Axes, found: Comparison) -> None:
    """Draw found over expected failures by month, with exact Poisson intervals and the range allowed.

    What lies far above the range is cut off.
    """
    low, high = found.policy.calibration_by_month.observed_over_expected
    ax.axhspan(low, high, color=_FAINT, alpha=0.15, linewidth=0, label="allowed")
    ax.axhline(1.0, color=_FAINT, linewidth=1)
    at = np.arange(len(found.months))
    for side, (role, colour) in enumerate(COLOURS.items()):
        told = [month.models[role] for month in found.months]
        ratio = np.array([each.ratio for each in told])
        error = np.array([[each.ratio - each.low, each.high - each.ratio] for each in told]).T
        place = at + (side - 0.5) * 2 * _APART
        ax.errorbar(place, ratio, yerr=error, fmt="o", color=colour, capsize=2, label=getattr(found, role))
    ax.set_xticks(at, [month.month for month in found.months], rotation=45, ha="right", fontsize=8)
    ax.set_ylim(0, 1.3 * high)
    ax.legend(frameon=False, fontsize=8)
    label(ax, "Calibration by month", "", "failures found / expected")


def _forest(ax: Axes, names: Sequence[str], found: Sequence[Difference]) -> None:
    at = np.arange(len(found))
    gain = np.array([each.gain for each in found])
    error = np.array([[each.gain - each.low, each.high - each.gain] for each in found]).reshape(-1, 2).T
    ax.axvline(0.0, color=_FAINT, linewidth=1)
    ax.errorbar(gain, at, xerr=np.maximum(error, 0.0), fmt="o", color=COLOURS["challenger"], capsize=2)
    ax.set_yticks(at, names, fontsize=8)
    ax.invert_yaxis()
    ax.locator_params(axis="x", nbins=7)
