"""Machine code that is kept is that of today's source, of every file that it is made of."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ABOVE = """
from constants import FACTOR, TABLE
from features.kernel import kernel
from below import grown

@kernel
def twice(value):
    return FACTOR * grown(value) + TABLE[1]
"""
BELOW = """
from features.kernel import inlined

@inlined
def grown(value):
    return value + {step}
"""
CONSTANTS = """
import numpy as np

FACTOR = {factor}
TABLE = np.array([0, {entry}])
"""
NAMED = """
from typing import NamedTuple
from features.kernel import kernel

class {name}(NamedTuple):
    value: int

@kernel
def grown(one):
    return one.value + 1

def twice(value):
    return 2 * grown({name}(value))

twice.stats = grown.stats
"""


def answer(folder: Path) -> tuple[int, int]:
    """What the kernel says in a new process, and how often its machine code was found kept."""
    told = "from above import twice; print(twice(10), sum(twice.stats.cache_hits.values()))"
    paths = os.pathsep.join([str(folder), str(Path(__file__).parents[2])])
    environment = os.environ | {"PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"}
    run = [sys.executable, "-c", told]
    done = subprocess.run(run, check=True, stdout=subprocess.PIPE, text=True, env=environment, cwd=folder)
    value, hits = done.stdout.split()
    return int(value), int(hits)


def test_machine_code_does_not_outlive_anything_in_another_file_that_it_is_made_of(tmp_path: Path) -> None:
    above, below, constants = (tmp_path / f"{name}.py" for name in ("above", "below", "constants"))
    above.write_text(ABOVE, encoding="utf-8")
    below.write_text(BELOW.format(step=1), encoding="utf-8")
    constants.write_text(CONSTANTS.format(factor=2, entry=0), encoding="utf-8")
    assert answer(tmp_path) == (22, 0)
    assert answer(tmp_path) == (22, 1)
    below.write_text(BELOW.format(step=7), encoding="utf-8")
    assert answer(tmp_path) == (34, 0), "an inlined kernel"
    constants.write_text(CONSTANTS.format(factor=3, entry=0), encoding="utf-8")
    assert answer(tmp_path) == (51, 0), "a constant"
    constants.write_text(CONSTANTS.format(factor=3, entry=5), encoding="utf-8")
    assert answer(tmp_path) == (56, 0), "an array's value"


def test_machine_code_kept_for_a_type_that_was_renamed_is_made_anew(tmp_path: Path) -> None:
    above = tmp_path / "above.py"
    for name, hits in (("Births", 0), ("Births", 1), ("Newborn", 0), ("Newborn", 1)):
        if not hits:
            above.write_text(NAMED.format(name=name), encoding="utf-8")
        assert answer(tmp_path) == (22, hits)
