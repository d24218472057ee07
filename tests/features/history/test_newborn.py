"""A line declared for the first time counts the same, whichever way it is taken in."""

import numpy as np
from history_worlds import START, World

from features.history import History, standing
from features.instants import DAY
from features.lines import Lines
from features.records import Declaration, Inspection
from features.terms import Depth, Direction, LineStatus, Outcome, Selection


def declaration(number, **changed):
    said = {
        "id": f"d{number}", "happened_at": START, "direction": list(Direction)[number % 2],
        "hs_code": ["02", "0203", "020311", "0203110000"][number % 4], "consignee": "ab"[number % 2],
        "origin": "CHN", "unit": "035", "value_cny": 100.0 + number, "quantity": float(number % 3),
        "status": LineStatus.CANCELLED if number % 5 == 4 else LineStatus.DECLARED,
    }  # fmt: skip
    return Declaration(**{**said, **changed})


def inspection(line):
    return Inspection(
        id=f"i-{line}", happened_at=START, declaration_id=line, outcome=Outcome.PASS,
        selected_by=Selection.RANDOM, depth=Depth.ON_SITE,
    )  # fmt: skip


def counted(folder, asked):
    world = World(folder)
    world.store.go_live()
    history = History.open(world.store, folder / "history")
    world.put(inspection("d7"))  # its line is not declared yet
    for begin in range(0, 12, 3):
        world.time += 20 * DAY
        world.put(*(declaration(number) for number in range(begin, begin + 3)))
        history.refresh()
    world.put(declaration(1, consignee="b"))  # a second revision is not newborn
    history.refresh()
    return asked(history)


def test_newborn_lines_count_as_revisions_do(tmp_path, monkeypatch):
    lines = Lines.of([declaration(number) for number in range(12)])

    def asked(history):
        found = []
        for back in (-1, 10 * DAY, 45 * DAY):
            instants = np.full(len(lines), history.watermark - back)
            for tally in ("declared", "priced", "inspected"):
                counts = history.counts(tally, lines, instants)
                found.append((counts.windows.tolist(), counts.first.tolist(), counts.last.tolist()))
        return found

    taken = []
    newborn = standing.are_newborn
    monkeypatch.setattr(standing, "are_newborn", lambda *a: taken.append(newborn(*a)) or taken[-1])
    by_births = counted(tmp_path / "births", asked)
    assert taken.count(True) >= 2
    assert taken.count(False) >= 2
    monkeypatch.setattr(standing, "are_newborn", lambda *_: False)
    assert counted(tmp_path / "revisions", asked) == by_births
