from __future__ import annotations

import re

import pytest

from benchmarks import page
from benchmarks.__main__ import SECTIONS

ROWS = [
    {"benchmark": "a|b", "ours": 1234.567, "peer": float("nan")},
    {"benchmark": "c", "ours": 2, "note": "n"},
]


def told(name: str, title: str, commit: str = "commit abc1234") -> str:
    return page.section(name, title, ROWS, ["--lines", "5"], commit)


def test_a_section_says_when_and_at_which_commit_it_was_made() -> None:
    text = told("one", "One thing", "commit abc1234 with changes")
    assert re.search(
        r"^\d{4}-\d\d-\d\d, commit abc1234 with changes, \d+ cores .*; run with `--lines 5`\.$", text, re.M
    )
    assert ", , " not in told("one", "One thing", "")
    assert "| a/b | 1,235 |  |  |\n| c | 2 |  | n |" in text


def test_titles_of_all_sections_stand_above_them_and_lead_to_them() -> None:
    order, written = ["one", "two", "three"], ""
    for name, title in (("two", "A port's second"), ("one", "First"), ("old", "Once measured")):
        written = page.with_section(written, told(name, title), order)
    contents, *sections = re.split(r"^<!-- \w+ -->$", written, flags=re.MULTILINE)
    assert contents.startswith(page.HEAD)
    links = re.findall(r"^- \[(.*)\]\(#(.*)\)$", contents, re.MULTILINE)
    assert links == [
        ("First", "first"),
        ("A port's second", "a-ports-second"),
        ("Once measured", "once-measured"),
    ]
    assert [section.splitlines()[1] for section in sections] == [f"## {title}" for title, _ in links]


def test_a_section_written_again_replaces_its_own_alone() -> None:
    order = ["one", "two"]
    before = page.with_section(page.with_section("", told("one", "One"), order), told("two", "Two"), order)
    after = page.with_section(before, told("one", "One", "commit fffffff"), order)
    assert after == before.replace("commit abc1234", "commit fffffff", 1)
    assert page.with_section(after, told("two", "Two"), order) == after


def test_the_page_as_it_stands_keeps_every_section_and_its_order() -> None:
    text = page.PAGE.read_text(encoding="utf-8")
    names = [match[1] for match in page.SECTION.finditer(text)]
    assert names == [name for name in SECTIONS if name in names]
    again = page.SECTION.search(text)
    assert again
    assert page.with_section(text, again[0], list(SECTIONS)) == text


def test_code_that_differs_from_its_commit_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {"rev-parse": "abc1234\n", "status": ""}
    monkeypatch.setattr(page, "_git", lambda *arguments: answers[arguments[0]])
    assert page.made_at() == "commit abc1234"
    answers["status"] = " M features/cells.py\n"
    assert page.made_at() == "commit abc1234 with changes"


def test_outside_of_a_repository_no_commit_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(page, "ROOT", tmp_path)
    assert page.made_at() == ""
