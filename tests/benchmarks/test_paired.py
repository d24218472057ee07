"""Gains over several ports: their mean, within these ports and with the ports drawn again."""

import re

import numpy as np

from benchmarks.paired import pooled


def test_ports_that_differ_widen_the_interval_with_ports_drawn_and_not_the_one_within():
    draw = np.random.default_rng(0)
    narrow, wide = (
        [draw.normal(mean, 0.001, 400) for mean in means] for means in ((0.01,) * 8, (0.0, 0.02) * 4)
    )
    for found in pooled({"alike": narrow, "unlike": wide}):
        within, drawn = (tuple(map(float, pair)) for pair in re.findall(r"\[(\S+), (\S+)\]", found["note"]))
        assert abs(found["ours"] - 0.01) < 0.001
        assert within[1] - within[0] < 0.003
        assert (drawn[1] - drawn[0] > 0.01) == ("unlike" in found["benchmark"])
        assert drawn[0] <= within[0] < within[1] <= drawn[1]
