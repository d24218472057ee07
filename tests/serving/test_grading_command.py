"""`customs-risk grading`: what is wrong with a policy, in both languages, and which versions are taken."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from features.store.database import Store
from features.store.errors import InvalidDatabaseUrl
from models.grading import SHIPPED, VersionTaken, read_policy
from serving.cli import score
from serving.grades import Policies
from serving.grading_command import grading
from serving.server import prepare
from serving.settings import ServingSettings
from serving.storage.gradings import find_policy, kept_under

SHIPPED_TEXT = SHIPPED.read_text(encoding="utf-8")
VERSION = read_policy().policy.version


def checked(file: Path, text: str, *options: str) -> Result:
    file.write_text(text, encoding="utf-8")
    return CliRunner().invoke(grading, ["check", str(file), *options])


@pytest.fixture
def nowhere(tmp_path: Path) -> tuple[str, str]:
    """A home that is not there."""
    return "--home", str(tmp_path / "nowhere")


def test_a_good_policy_is_shown_matrix_by_matrix_in_both_languages(
    tmp_path: Path, nowhere: tuple[str, str]
) -> None:
    shown = CliRunner().invoke(grading, ["show"]).output
    found = checked(tmp_path / "good.toml", shown, *nowhere)
    assert found.exit_code == 0, found.output
    for said in ("may be followed", "可以执行", read_policy().sha256, "hazardous", "危险货物"):
        assert said in found.output
    assert "by_rank is null (the policy states no `unranked`)" in found.output
    assert "by_rank 为空" in found.output
    assert "no database here has served" in found.output
    assert not Path(nowhere[1]).exists(), "asking makes nothing"


def test_the_grade_of_what_has_no_rank_is_told(tmp_path: Path, nowhere: tuple[str, str]) -> None:
    text = SHIPPED_TEXT.replace(f'"{VERSION}"', '"ours-1"\nunranked = "II"', 1)
    found = checked(tmp_path / "ours.toml", text, *nowhere)
    assert found.exit_code == 0
    assert "by_rank is II (`unranked`)" in found.output
    assert "by_rank 为 II" in found.output


def test_a_bad_policy_is_told_cell_by_cell_in_both_languages(
    tmp_path: Path, nowhere: tuple[str, str]
) -> None:
    text = SHIPPED_TEXT.replace('2 = ["S", "S", "S",', '2 = ["S", "L", "S",', 1)
    found = checked(tmp_path / "bad.toml", text, *nowhere)
    assert found.exit_code == 2
    for said in (
        "regime general: cell (severity 2, probability >1/10) says L",
        "监管类别 general：单元格（严重程度 2，概率 >1/10）为 L",
        "2 to correct, not to be followed",
        "2 处须更正，不可执行",
        "Correct the cells named",
        "请更正所列单元格",
    ):
        assert said in found.output


def test_a_version_that_stands_for_another_content_is_refused_everywhere(
    settings: ServingSettings, tmp_path: Path, home: Path
) -> None:
    """One number is changed under the same version: check, serve and score say so, and nothing is kept."""
    prepare(settings, without_model=False)
    changed = tmp_path / "changed.toml"
    text = SHIPPED_TEXT.replace("percentile = 95.0", "percentile = 94.0", 1)
    found = checked(changed, text, "--home", str(home))
    assert found.exit_code == 2
    for said in (VERSION, read_policy().sha256, "Give the changed policy a new `version`", "另定 version"):
        assert said in found.output
    ours = settings.model_copy(update={"grading_policy": changed})
    with pytest.raises(VersionTaken, match="keeps another content"):
        prepare(ours, without_model=False)
    lines = tmp_path / "lines.csv"
    lines.write_text("id,happened_at,direction,hs_code\nA,2026-01-01,import,9503002100\n", encoding="utf-8")
    tried = CliRunner().invoke(
        score,
        [str(lines), "--out", str(tmp_path / "out.parquet"), "--home", str(home)],
        env={"CUSTOMS_RISK_GRADING_POLICY": str(changed)},
    )
    assert isinstance(tried.exception, VersionTaken)
    store = Store.open(settings.database_url)
    try:
        assert kept_under(store.engine, VERSION) == [read_policy().sha256]
    finally:
        store.close()


def test_a_changed_policy_with_a_version_of_its_own_is_taken_and_the_first_stays(
    settings: ServingSettings, tmp_path: Path, home: Path
) -> None:
    prepare(settings, without_model=False)
    text = SHIPPED_TEXT.replace("percentile = 95.0", "percentile = 94.0", 1).replace(VERSION, "ours-1", 1)
    found = checked(tmp_path / "ours.toml", text, "--home", str(home))
    assert (found.exit_code, "version ours-1 is new to the database" in found.output) == (0, True)
    store = Store.open(settings.database_url)
    try:
        ours = Policies.open(store.engine, tmp_path / "ours.toml")
        assert Policies.open(store.engine, None).current.sha256 == read_policy().sha256
        assert find_policy(store.engine, ours.current.sha256) == text
        assert ours.of(read_policy().sha256).policy.version == VERSION
    finally:
        store.close()
    again = checked(tmp_path / "ours.toml", text, "--home", str(home))
    assert "the database keeps version ours-1 with this content" in again.output


def test_a_policy_is_checked_where_the_database_does_not_answer(tmp_path: Path) -> None:
    url, text = "postgresql://u:secret@127.0.0.1:1/none", SHIPPED.read_text(encoding="utf-8")
    done = checked(tmp_path / "policy.toml", text, "--database-url", url)
    assert done.exit_code == 0, done.output
    assert "not held against versions in use" in done.output
    assert "may be followed" in done.output
    assert "secret" not in done.output


def test_a_database_url_that_is_none_is_named(tmp_path: Path) -> None:
    done = checked(
        tmp_path / "policy.toml", SHIPPED.read_text(encoding="utf-8"), "--database-url", "nonsense"
    )
    assert isinstance(done.exception, InvalidDatabaseUrl)
