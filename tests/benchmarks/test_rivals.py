"""Learners set beside ours: each finds what can be found, and one that is not installed is said."""

from __future__ import annotations

from importlib.util import find_spec
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from benchmarks import rivals
from benchmarks.learners import RIVALS, Rival
from training.figures import average_precision
from training.fit import Table


def bench(rows: int = 900) -> Any:
    """A code and a number that decide, a number that does not and has gaps; folds one after the other."""
    random = np.random.default_rng(3)
    values = np.column_stack([random.integers(0, 5, rows), random.normal(size=(rows, 2))]).astype(float)
    positive = (values[:, 0] == 2) | (values[:, 1] > 1.3)
    values[::7, 2] = np.nan
    fit, stop = np.arange(rows) < 500, (np.arange(rows) >= 500) & (np.arange(rows) < 700)
    table = Table(values, positive, ["code", "price", "chance"], [0])
    return SimpleNamespace(encoded=SimpleNamespace(table=table), folds=SimpleNamespace(fit=fit, stop=stop))


INSTALLED = [name for name, rival in RIVALS.items() if find_spec(rival.package)]


@pytest.mark.parametrize("name", INSTALLED)
def test_each_learner_finds_what_decides_and_scores_codes_it_has_never_seen(name: str) -> None:
    taught = RIVALS[name].learn(bench())
    later = bench(1_400).encoded.table
    assert average_precision(later.positive[900:], taught.score(later.values[900:])) > 0.9
    assert np.isfinite(taught.score(np.array([[9.0, 0.0, np.nan]]))).all()


def test_a_learner_that_is_not_installed_is_said_and_not_left_out() -> None:
    absent = Rival("no_such_module", "no-such-package", "", lambda _: pytest.fail("it was run"))
    judged = (np.array([True, False]), np.zeros((2, 1)), np.array([0.2, 0.1]))
    told = rivals.rival_row("port", ("absent", absent), bench(), judged)
    assert told == {"data": "port", "learner": "absent", "note": "not run: pip install no-such-package"}


def test_a_rival_stands_beside_ours_with_the_interval_of_their_difference() -> None:
    positive = np.arange(200) % 4 == 0
    ours, theirs = positive + 0.0, np.linspace(0, 1, 200)
    told = rivals.judged_row("port", "theirs", (positive, theirs, ours), 1.0, "settings")
    assert told["average precision"] == pytest.approx(average_precision(positive, theirs))
    assert told["ours less it"].startswith("+0.7")
    assert "ours less it" not in rivals.judged_row("port", "ours", (positive, ours, ours), 1.0, "settings")
