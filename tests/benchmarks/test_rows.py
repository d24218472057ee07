from __future__ import annotations

import json

from benchmarks.rows import row, tell


def test_a_figure_stands_beside_its_peer_and_their_ratio() -> None:
    assert row("a", 3.0, 2.0, "x") == {"benchmark": "a", "ours": 3.0, "peer": 2.0, "ratio": 1.5, "note": "x"}
    assert row("a", 3.0, None, "")["ratio"] is None
    assert row("a", 3.0, 0.0, "")["ratio"] is None
    assert row("a", None, 2.0, "")["ratio"] is None


def test_what_is_shown_is_what_is_handed_to_the_page(tmp_path, capsys) -> None:
    rows = [row("一行", 0.25, None, "alone"), {"part": "fit", "CPU s": 2, "times": 1.5}]
    tell(rows, tmp_path / "rows.json")
    assert json.loads((tmp_path / "rows.json").read_text(encoding="utf-8")) == rows
    shown = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert shown == [["一行", "ours", "0.2500", "note", "alone"], ["fit", "CPU", "s", "2", "times", "1.5000"]]
    tell(rows, None)
    assert len(capsys.readouterr().out.splitlines()) == 2
