"""Machine code that is kept is that of today's source, of every file that it is made of."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ABOVE = """
from features.kernel import kernel
from below import FACTOR, grown

@kernel
def twice(value):
    return FACTOR * grown(value)
"""
BELOW = """
from features.kernel import inlined

FACTOR = {factor}

@inlined
def grown(value):
    return value + {step}
"""


def write(folder: Path, factor: int = 2, step: int = 1) -> None:
    """Write the lower file, and the upper one if it isn't there."""
    (folder / "below.py").write_text(BELOW.format(factor=factor, step=step), encoding="utf-8")
    if not (folder / "above.py").exists():
        (folder / "above.py").write_text(ABOVE, encoding="utf-8")


def answer(folder: Path) -> tuple[int, int]:
    """What the kernel says in a new process, and how often its machine code was found kept."""
    told = "from above import twice; print(twice(10), sum(twice.stats.cache_hits.values()))"
    paths = os.pathsep.join([str(folder), str(Path(__file__).parents[2])])
    environment = os.environ | {"PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"}
    run = [sys.executable, "-c", told]
    done = subprocess.run(run, check=True, stdout=subprocess.PIPE, text=True, env=environment, cwd=folder)
    value, hits = done.stdout.split()
    return int(value), int(hits)


@pytest.mark.parametrize(("factor", "step", "expected"), [(2, 7, 34), (3, 1, 33)])
def test_machine_code_does_not_outlive_another_file_that_it_is_made_of(
    tmp_path: Path, factor: int, step: int, expected: int
) -> None:
    write(tmp_path)
    assert answer(tmp_path) == (22, 0)
    assert answer(tmp_path) == (22, 1)
    write(tmp_path, factor, step)
    assert answer(tmp_path) == (expected, 0)
