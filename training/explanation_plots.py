"""Pictures of what scores are made of: over all lines, feature by feature, and from month to month.

The pictures by feature are the shap package's, fed with our values, which add up where its own do not.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes

from training.contributions import Sample, monthly
from training.plots import label, new_axes, save

STRONGEST = 6
"""Features whose dependence is drawn."""


def draw_explanations(folder: Path, sample: Sample) -> list[Path]:
    """Write the pictures as PNG files into a folder and return their paths.

    `drift`: mean contribution of each family by month; `strongest`: the features that move scores most;
    `dependence_…`: what each of the six strongest adds, over its value.
    """
    folder.mkdir(parents=True, exist_ok=True)
    drift = new_axes()
    draw_drift(drift, sample)
    paths = [save(drift, folder / "drift.png")]
    with shap_plots() as shap:
        told = explanation_of(shap, sample)
        paths.append(_strongest(shap, told, folder / "strongest.png"))
        for at in strongest_features(sample):
            axes = new_axes()
            shap.plots.scatter(told[:, int(at)], ax=axes, show=False, color="#1f4e79")
            label(axes, sample.names[at], "value in the frame", "contribution, log-odds")
            paths.append(save(axes, folder / f"dependence_{sample.names[at]}.png"))
    return paths


def strongest_features(sample: Sample) -> list[int]:
    """Return the positions of the features with the largest mean absolute contribution, at most six."""
    size = np.abs(sample.contributions).mean(axis=0)
    return [int(at) for at in np.argsort(-size, kind="stable")[:STRONGEST] if size[at] > 0]


def explanation_of(shap: Any, sample: Sample) -> Any:
    """Return our values as the shap package's own object, for its plots."""
    return shap.Explanation(
        values=sample.contributions,
        base_values=sample.base,
        data=sample.values,
        feature_names=list(sample.names),
    )


def draw_drift(ax: Axes, sample: Sample) -> None:
    """Draw each family's mean contribution by month; a family that wanders asks for a new training."""
    months, means = monthly(sample)
    for family, values in means.items():
        ax.plot(range(len(months)), values, marker="o", markersize=3, linewidth=1.2, label=family)
    ax.axhline(0.0, color="#9aa5b1", linewidth=1)
    ax.set_xticks(range(len(months)), months, rotation=45, ha="right", fontsize=8)
    ax.legend(frameon=False, fontsize=7, ncols=2)
    label(ax, "Contributions by month", "", "mean contribution, log-odds")


def _strongest(shap: Any, told: Any, path: Path) -> Path:
    from matplotlib import pyplot

    shap.plots.beeswarm(told, max_display=15, show=False, plot_size=(8, 5.5))
    pyplot.savefig(path, dpi=110, bbox_inches="tight")
    pyplot.close()
    return path


@contextmanager
def shap_plots() -> Iterator[Any]:
    """Lend the shap package, without its dependencies' warnings of their future.

    Where nobody chose where figures go, as a notebook does, no display is used. Figures that the package
    makes meanwhile are closed afterwards; axes made before stay.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from matplotlib import pyplot

        if mpl.get_backend(auto_select=False) is None:
            pyplot.switch_backend("agg")
        import shap

        before = set(pyplot.get_fignums())
        try:
            yield shap
        finally:
            for number in set(pyplot.get_fignums()) - before:
                pyplot.close(number)
