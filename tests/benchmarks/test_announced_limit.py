"""What complaints could add at best: beliefs that differ in what they hear, and in nothing else."""

import numpy as np
import pytest

from benchmarks.announced_limit import without_complaints
from training.simulator.inspecting import inspect_lines
from training.simulator.params import load_params
from training.simulator.simulate import Request, make_world


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return make_world(Request(3_000, 1, tmp_path_factory.mktemp("port"), *load_params()))


def test_without_complaints_the_same_goods_fail_and_findings_stay(world):
    silent = without_complaints(world)
    assert len(world.complaints.line) > 0
    assert len(silent.complaints.line) == 0
    assert silent.finds is world.finds
    assert silent.risk is world.risk


def test_a_belief_that_hears_no_complaints_differs_from_one_that_hears_all(world):
    heard, unheard = (inspect_lines(each).log.observable for each in (world, without_complaints(world)))
    assert heard.shape == unheard.shape
    assert not np.allclose(heard, unheard)
