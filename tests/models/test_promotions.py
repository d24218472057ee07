from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine, insert

from features.store.tables import promotions
from models.bundle import bundles_folder
from models.errors import BundleError, NoChampion, PromotionError
from models.promotions import (
    Nomination,
    champion,
    history,
    load_champion,
    previous,
    promote,
    rollback,
)

sys.path.insert(0, str(Path(__file__).parent))

from model_samples import kept

TARGET = "nonconforming"


@pytest.fixture
def engine() -> Engine:
    engine = create_engine("sqlite://")
    promotions.create(engine)
    return engine


def nominated(fingerprint: str, version: str = "1", **more: object) -> Nomination:
    return Nomination(TARGET, fingerprint, version, "officer", **more)  # type: ignore[arg-type]


def promoted(engine: Engine, home: Path, *seeds: int) -> list[str]:
    fingerprints = [kept(home, seed) for seed in seeds]
    for at, (seed, fingerprint) in enumerate(zip(seeds, fingerprints, strict=True)):
        promote(engine, home, nominated(fingerprint, str(seed)), at)
    return fingerprints


def test_before_any_promotion_there_is_no_champion(engine: Engine, tmp_path: Path) -> None:
    assert champion(engine, TARGET) is None
    with pytest.raises(NoChampion, match=TARGET):
        load_champion(engine, tmp_path, TARGET)


def test_a_promoted_bundle_is_the_champion_that_is_loaded(engine: Engine, tmp_path: Path) -> None:
    first, second = promoted(engine, tmp_path, 1, 2)
    assert load_champion(engine, tmp_path, TARGET).fingerprint == second
    assert [row.fingerprint for row in history(engine, TARGET)] == [first, second]


def test_targets_have_champions_of_their_own(engine: Engine, tmp_path: Path) -> None:
    promoted(engine, tmp_path, 1)
    assert champion(engine, "critical") is None


def test_a_bundle_of_another_target_is_refused(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(PromotionError, match="nonconforming, not critical"):
        promote(engine, tmp_path, Nomination("critical", kept(tmp_path), "1", "officer"), 0)


def test_failed_gates_refuse_promotion(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(PromotionError, match="gates"):
        promote(engine, tmp_path, nominated(kept(tmp_path, passed=False)), 0)
    assert champion(engine, TARGET) is None


def test_failed_gates_need_force_and_a_reason(engine: Engine, tmp_path: Path) -> None:
    fingerprint = kept(tmp_path, passed=False)
    with pytest.raises(PromotionError):
        promote(engine, tmp_path, nominated(fingerprint, forced=True, reason="  "), 0)
    row = promote(engine, tmp_path, nominated(fingerprint, forced=True, reason="recall campaign"), 0)
    assert (row.forced, row.gates_passed, row.reason) == (True, False, "recall campaign")
    assert load_champion(engine, tmp_path, TARGET).fingerprint == fingerprint


def test_a_row_written_past_the_rules_is_not_loaded(engine: Engine, tmp_path: Path) -> None:
    row = {
        "target": TARGET, "fingerprint": kept(tmp_path, passed=False), "version": "1", "promoted_at": 0,
        "promoted_by": "nobody", "reason": "", "forced": False, "gates_passed": True,
    }  # fmt: skip
    with engine.begin() as connection:
        connection.execute(insert(promotions).values(row))
    with pytest.raises(PromotionError, match="gates"):
        load_champion(engine, tmp_path, TARGET)


def test_a_bundle_altered_after_promotion_is_not_loaded(engine: Engine, tmp_path: Path) -> None:
    (fingerprint,) = promoted(engine, tmp_path, 1)
    (bundles_folder(tmp_path) / fingerprint / "calibration.json").write_text("{}")
    with pytest.raises(BundleError, match="altered"):
        load_champion(engine, tmp_path, TARGET)


def test_a_rollback_returns_to_the_champion_before(engine: Engine, tmp_path: Path) -> None:
    first, _ = promoted(engine, tmp_path, 1, 2)
    assert rollback(engine, tmp_path, TARGET, "officer", 9).fingerprint == first
    assert champion(engine, TARGET).fingerprint == first  # type: ignore[union-attr]


def test_a_second_rollback_goes_one_further_back_and_not_forth(engine: Engine, tmp_path: Path) -> None:
    first, _, _ = promoted(engine, tmp_path, 1, 2, 3)
    rollback(engine, tmp_path, TARGET, "officer", 8)
    assert rollback(engine, tmp_path, TARGET, "officer", 9).fingerprint == first
    assert previous(engine, TARGET) is None
    with pytest.raises(PromotionError, match="no champion before"):
        rollback(engine, tmp_path, TARGET, "officer", 10)


def test_a_new_promotion_after_a_rollback_can_be_rolled_back(engine: Engine, tmp_path: Path) -> None:
    first, _ = promoted(engine, tmp_path, 1, 2)
    rollback(engine, tmp_path, TARGET, "officer", 8)
    promote(engine, tmp_path, nominated(kept(tmp_path, 3), "3"), 9)
    assert previous(engine, TARGET).fingerprint == first  # type: ignore[union-attr]


def test_history_is_never_shortened(engine: Engine, tmp_path: Path) -> None:
    promoted(engine, tmp_path, 1, 2)
    rollback(engine, tmp_path, TARGET, "officer", 9)
    assert [row.sequence for row in history(engine)] == [1, 2, 3]


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    home = tmp_path_factory.mktemp("bundles")
    return home, [kept(home, seed) for seed in range(4)]


@given(steps=st.lists(st.one_of(st.integers(0, 3), st.none()), max_size=10))
@example(steps=[0, 1, 2, 1, None, None, None])
def test_rollbacks_undo_promotions_from_the_last_one_back(
    bundles: tuple[Path, list[str]], steps: list[int | None]
) -> None:
    """A number promotes that bundle, None rolls back; beside it what somebody with paper would note."""
    (home, fingerprints), engine = bundles, create_engine("sqlite://")
    promotions.create(engine)
    paper: list[str] = []
    for at, step in enumerate(steps):
        if step is not None:
            promote(engine, home, nominated(fingerprints[step], str(step), reason="rollback from 1"), at)
            paper += [fingerprints[step]] if paper[-1:] != [fingerprints[step]] else []
        elif len(paper) > 1:
            paper.pop()
            assert rollback(engine, home, TARGET, "officer", at).fingerprint == paper[-1]
        else:
            with pytest.raises(PromotionError, match="no champion before"):
                rollback(engine, home, TARGET, "officer", at)
        now, before = champion(engine, TARGET), previous(engine, TARGET)
        assert (now.fingerprint if now else None) == (paper[-1] if paper else None)
        assert (before.fingerprint if before else None) == (paper[-2] if len(paper) > 1 else None)


def test_a_rollback_is_recorded_as_one(engine: Engine, tmp_path: Path) -> None:
    promoted(engine, tmp_path, 1, 2)
    rollback(engine, tmp_path, TARGET, "officer", 9)
    assert [row.rolled_back for row in history(engine)] == [False, False, True]
