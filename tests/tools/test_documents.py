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


def test_the_project_s_own_links_lead_somewhere() -> None:
    assert list(docs.broken_links()) == []
