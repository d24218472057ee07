"""A golden set is replaced by a whole one or not at all, and one that cannot be read says what to do."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
from click.testing import CliRunner, Result

from customs_risk import main
from training.compare.golden import GoldenSet, golden_file
from training.compare.pair import NothingLater
from training.tracking import Tracking
from training.workshop import Workshop

pytestmark = pytest.mark.xdist_group("two-versions")
NAMES = ("nonconforming/2", "nonconforming/1")


@pytest.fixture
def file(shop: Workshop) -> Path:
    return golden_file(shop.home, "nonconforming")


@pytest.fixture
def run(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.setenv("CUSTOMS_RISK_HOME", str(shop.home))
    monkeypatch.delenv("CUSTOMS_RISK_DATABASE_URL", raising=False)
    return lambda *arguments: CliRunner().invoke(main, [str(each) for each in arguments])


def test_a_set_is_frozen_anew_only_once_the_comparison_stands(
    run: Callable[..., Result], file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("compare", *NAMES).exit_code in (0, 1)
    before = file.read_bytes()

    def nothing(*_: object) -> None:
        raise NothingLater("nothing is later")

    for broken in ("training.compare.comparison.later_pair", "training.compare.comparison.reasons"):
        with monkeypatch.context() as failing:
            failing.setattr(broken, nothing)
            assert run("compare", *NAMES, "--refreeze").exit_code == 2
        assert file.read_bytes() == before
        assert list(file.parent.iterdir()) == [file]
    assert run("compare", *NAMES, "--refreeze").exit_code in (0, 1)
    told, old = json.loads(file.read_bytes()), json.loads(before)
    assert told["frozen_at"] > old["frozen_at"]
    assert set(told["scores"]) == set(old["scores"])
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"frozen_at": "2026', "truncated"),
        (b"{}", "frozen_at"),
        (b"\xff", "no golden set"),
        (b'{"frozen_at": "", "lines": [{"id": 3, "as_of": 1}], "scores": {}}', "Expected `str`"),
        (
            b'{"frozen_at": "", "lines": [{"id": "a", "as_of": 99999999999999999999}], "scores": {}}',
            "no golden",
        ),
        (b'{"frozen_at": "", "lines": [], "scores": {"a": 3}}', "scores"),
    ],
)
def test_a_broken_set_is_named_with_what_to_do_and_can_be_frozen_anew(
    run: Callable[..., Result], file: Path, content: bytes, said: str
) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(content)
    refused = run("compare", *NAMES)
    assert refused.exit_code == 2, refused.output
    assert str(file) in refused.stderr
    assert said in refused.stderr
    assert "--refreeze" in refused.stderr
    assert file.read_bytes() == content
    assert "read records" not in refused.stderr, "it is told before any work"
    untrained = run("train", "--until", "2020-06-30")
    assert untrained.exit_code == 2
    assert str(file) in untrained.stderr
    assert "read records" not in untrained.stderr
    if content == b"{}":
        assert run("compare", *NAMES, "--refreeze").exit_code in (0, 1)
        assert json.loads(file.read_bytes())["lines"]


def test_a_comparison_is_shown_beside_the_challengers_run(
    run: Callable[..., Result], shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    status = run("compare", *NAMES).exit_code
    files = set(Tracking(shop.home).run(Tracking(shop.home).version("nonconforming", 2)).files)
    assert {f"compare/nonconforming-1/comparison.{kind}" for kind in ("json", "html")} <= files

    def full(*_: object) -> None:
        raise OSError("no room")

    monkeypatch.setattr(Tracking, "attach", full)
    assert run("compare", *NAMES).exit_code == status, "what MLflow says changes nothing"


def test_two_who_write_at_once_leave_a_whole_set(tmp_path: Path) -> None:
    file = tmp_path / "golden" / "nonconforming.json"
    sets = [
        GoldenSet(file, f"2026-01-0{n}", (f"L{n}",) * 500, np.arange(500, dtype=np.int64), {}) for n in (1, 2)
    ]
    sets[0].save()
    faults: list[Exception] = []

    def write(one: GoldenSet) -> None:
        try:
            for _ in range(60):
                one.save()
                assert len(json.loads(file.read_text(encoding="utf-8"))["lines"]) == 500
        except Exception as error:
            faults.append(error)

    threads = [Thread(target=write, args=(one,)) for one in sets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert list(file.parent.iterdir()) == [file]
