"""What `make check` asks of the documents is asked, and a document that fails it is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import docs


@pytest.fixture
def pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "other.md").write_text("# Other\n\n## A port's second year, 2 %\n", encoding="utf-8")
    monkeypatch.setattr(docs, "ROOT", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "link",
    [
        "docs/other.md", "docs/other.md#other", "docs/other.md#a-ports-second-year-2-", "#first", "docs",
        "https://example.org/nowhere#at-all", "mailto:somebody@example.org",
    ],
)  # fmt: skip
def test_links_that_lead_somewhere_are_sound(pages: Path, link: str) -> None:
    (pages / "README.md").write_text(f"# First\n\nSee [this]({link}).\n", encoding="utf-8")
    assert list(docs.broken_links()) == []


@pytest.mark.parametrize("link", ["docs/none.md", "docs/other.md#none", "#second", "other.md"])
def test_links_to_no_file_or_no_heading_are_named(pages: Path, link: str) -> None:
    (pages / "README.md").write_text(f"# First\n\nSee [this]({link}).\n", encoding="utf-8")
    assert list(docs.broken_links()) == [f"README.md: the link {link} leads nowhere"]


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ("customs-risk train --until 2026-06-30", None),
        ("customs-risk tokens create NAME --scope scores:read --json", None),
        ("customs-risk train \\\n  --no-such-thing 1", "customs-risk train knows no --no-such-thing"),
        ("customs-risk tokens create NAME --forever", "customs-risk tokens knows no --forever"),
        ("what customs-risk reads --anyway", None),
    ],
)
def test_options_that_a_command_does_not_know_are_named(pages: Path, said: str, wrong: str | None) -> None:
    (pages / "README.md").write_text(f"```sh\n{said}\n```\n", encoding="utf-8")
    assert list(docs.unknown_options()) == ([] if wrong is None else [f"README.md: {wrong}"])


def test_a_path_that_is_not_there_is_named(pages: Path) -> None:
    (pages / "README.md").write_text("See `docs/other.md` and `features/gone.py`.", encoding="utf-8")
    assert list(docs.missing_paths()) == ["README.md: there is no features/gone.py"]


def test_the_project_s_own_documents_name_what_there_is() -> None:
    assert [*docs.broken_links(), *docs.missing_paths(), *docs.unknown_options()] == []
