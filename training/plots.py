"""Pictures of a model's figures, drawn without a display."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.stats import beta

from training.clusters import Clusters
from training.compare.months import observed_over_expected
from training.figures import average_precision
from training.foretold import Foretold

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

_INK, _FAINT = "#1f4e79", "#9aa5b1"
_BINS = 10
_CONFIDENCE = 0.95


def draw_all(folder: Path, tested: Foretold, families: Mapping[str, float]) -> list[Path]:
    """Write the four pictures as PNG files into a folder and return their paths.

    families: mean absolute contribution by family in log-odds.
    """
    folder.mkdir(parents=True, exist_ok=True)
    axes = {name: new_axes() for name in ("calibration", "precision_recall", "lift", "contributions")}
    draw_calibration(axes["calibration"], tested)
    draw_precision_recall(axes["precision_recall"], tested.positive, tested.told)
    draw_lift(axes["lift"], tested.positive, tested.told)
    draw_contributions(axes["contributions"], families)
    return [save(ax, folder / f"{name}.png") for name, ax in axes.items()]


def draw_calibration(ax: Axes, tested: Foretold) -> None:
    """Draw shares found over what is expected of lines so chosen, in tenths of it, as the gate judges."""
    tenths = [each for each in np.array_split(np.argsort(tested.given, kind="stable"), _BINS) if len(each)]
    parts = [tested.take(each) for each in tenths]
    expected = np.array([part.given.mean() for part in parts])
    observed = np.array([part.positive.mean() for part in parts])
    low, high = np.array([share_interval(part.positive, part.given, part.clusters) for part in parts]).T
    top = float(max([*expected, *high, 1e-3]))
    ax.plot([0, top], [0, top], color=_FAINT, linewidth=1, label="as expected")
    error = np.maximum([observed - low, high - observed], 0.0)
    ax.errorbar(expected, observed, yerr=error, fmt="o", color=_INK, capsize=2, label="tenths of the lines")
    label(ax, "Calibration, as the gate judges it", "expected of lines so chosen", "share found, 95 %")
    ax.legend(frameon=False)


def share_interval(positive: Mask, expected: Floats, clusters: Clusters) -> tuple[float, float]:
    """Return the exact 95 % interval of the share found among n lines, of which `expected` (n,) was expected.

    As failures of one of the clusters come together, it is that of so many fewer lines.
    """
    found = observed_over_expected(positive, expected, _CONFIDENCE, clusters)
    failed = found.observed / found.design_effect
    passed = (found.lines - found.observed) / found.design_effect
    tail = (1 - _CONFIDENCE) / 2
    low = float(beta.ppf(tail, failed, passed + 1)) if failed else 0.0
    return low, float(beta.ppf(1 - tail, failed + 1, passed)) if passed else 1.0


def draw_precision_recall(ax: Axes, positive: Mask, probability: Floats) -> None:
    """Draw precision over recall along the ranking; the area below is the average precision."""
    caught = np.cumsum(positive[np.argsort(-probability, kind="stable")])
    looked = np.arange(1, len(caught) + 1)
    ax.plot(caught / max(caught[-1], 1), caught / looked, color=_INK)
    ax.axhline(positive.mean(), color=_FAINT, linewidth=1)
    ax.set_ylim(0, 1.02)
    label(ax, f"Average precision {average_precision(positive, probability):.3f}", "recall", "precision")


def draw_lift(ax: Axes, positive: Mask, probability: Floats) -> None:
    """Draw the share of failures caught over the share of lines inspected."""
    caught = np.cumsum(positive[np.argsort(-probability, kind="stable")])
    share = np.arange(1, len(caught) + 1) / len(caught)
    ax.plot(share, caught / max(caught[-1], 1), color=_INK)
    ax.plot([0, 1], [0, 1], color=_FAINT, linewidth=1)
    label(ax, "Failures caught", "share of lines inspected", "share of failures caught")


def draw_contributions(ax: Axes, families: Mapping[str, float]) -> None:
    """Draw the mean absolute contribution of each family of features."""
    ordered = sorted(families.items(), key=lambda item: item[1])
    ax.barh([name for name, _ in ordered], [value for _, value in ordered], color=_INK)
    label(ax, "What scores are made of", "mean absolute contribution, log-odds", "")


def new_axes() -> Axes:
    """Return axes of a new figure that needs no display."""
    with mpl.rc_context({"axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(5.2, 3.9), dpi=110, layout="constrained")
        FigureCanvasAgg(figure)
        return figure.add_subplot()


def label(ax: Axes, title: str, x: str, y: str) -> None:
    """Name a picture and its axes."""
    ax.set_title(title, loc="left", fontsize=11)
    ax.set_xlabel(x)
    ax.set_ylabel(y)


def save(ax: Axes, path: Path) -> Path:
    """Write a picture as PNG and return its path."""
    ax.get_figure(root=True).savefig(path)  # type: ignore[union-attr]
    return path
