"""Which benchmarks `python -m benchmarks` runs, and what it says of a name that none has."""

from __future__ import annotations

import pytest

from benchmarks.__main__ import SECTIONS, asked


def test_all_are_run_where_none_is_named() -> None:
    assert asked([]) == (list(SECTIONS), [])


def test_options_begin_where_names_end() -> None:
    assert asked(["gap", "kcs", "--lines", "1000"]) == (["gap", "kcs"], ["--lines", "1000"])


def test_help_lists_every_benchmark_and_runs_none(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        asked(["gap", "--help"])
    assert ended.value.code == 0
    told = capsys.readouterr().out
    assert all(name in told and title in told for name, title in SECTIONS.items())


def test_an_unknown_name_is_refused_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        asked(["gap", "speed"])
    assert ended.value.code == 2
    assert "no benchmark speed; there are: kcs" in capsys.readouterr().err
