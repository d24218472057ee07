"""Pictures of contributions: our values, by family and month, in the shap package's plots."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
import pytest
from matplotlib import pyplot

from features.catalog import CATALOG
from features.instants import parse_instant
from training.contributions import Sample, families, monthly
from training.explanation_plots import draw_explanations, explanation_of, shap_plots, strongest_features

NAMES = ("origin", "duty_rate", "log_value", "log_net_weight", "weekday", "net_to_gross")


def sample(rows: int = 60) -> Sample:
    random = np.random.default_rng(3)
    added = random.normal(size=(rows, len(NAMES))) * np.array([3.0, 0.1, 1.0, 0.5, 0.0, 0.2])
    days = [parse_instant(f"2026-{1 + row % 3:02d}-15") for row in range(rows)]
    values = random.normal(size=added.shape)
    values[::7, 2] = np.nan
    return Sample(NAMES, values, added, np.full(rows, -2.0), np.array(days))


def test_every_picture_is_drawn(tmp_path: Path) -> None:
    paths = draw_explanations(tmp_path / "plots", sample())
    names = [path.stem for path in paths]
    assert names[:3] == ["drift", "strongest", "dependence_origin"]
    assert len(names) == 2 + 5  # what moves nothing has no dependence
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in paths)


def test_months_hold_the_mean_of_their_lines() -> None:
    given = sample()
    months, means = monthly(given)
    assert months == ["2026-01", "2026-02", "2026-03"]
    price = [at for at, name in enumerate(NAMES) if str(CATALOG[name].family) == "price"]
    assert means["price"][1] == pytest.approx(given.contributions[1::3, price].sum(axis=1).mean())


def test_families_are_mean_absolute_sums_and_strength_orders_features() -> None:
    given = sample()
    by_family = given.by_family()
    assert sum(by_family.values()) == pytest.approx(given.contributions.sum(axis=1))
    assert families(given)["origin"] == pytest.approx(np.abs(given.contributions[:, 0]).mean())
    assert strongest_features(given)[0] == 0


def test_the_plots_are_fed_with_our_values() -> None:
    given = sample()
    with shap_plots() as shap:
        told = explanation_of(shap, given)
    assert np.array_equal(told.values, given.contributions)


def test_a_notebook_keeps_its_backend_and_its_own_figures_only(tmp_path: Path) -> None:
    pyplot.switch_backend("svg")
    try:
        kept = pyplot.figure()
        draw_explanations(tmp_path, sample())
        assert matplotlib.get_backend() == "svg"
        assert pyplot.get_fignums() == [kept.number]
    finally:
        pyplot.close("all")
        pyplot.switch_backend("agg")
