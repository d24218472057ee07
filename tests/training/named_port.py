"""A port whose declared names tell what fails, and its labels read the slow way."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from slow_standing import by_line, what_stands

from features.instants import DAY
from features.records import Declaration, Inspection
from features.store.database import Store
from features.store.entries import Entry
from features.store.errors import ErasedContent
from features.terms import Direction, Outcome
from models.spec import Target
from training.dataset import first_revisions
from training.labels import Label, label_line

START = 1_600_000_000_000_000
END = START + 300 * DAY
NAMES = ("充电宝", "移动电源充电宝", "葡萄酒", "儿童玩具", "电热水壶", None)


def line(number: int, day: float, name: str | None) -> Declaration:
    at = START + round(day * DAY)
    return Declaration(
        id=f"L{number}", happened_at=at, direction=Direction.IMPORT, hs_code="8507600000", goods_name=name
    )


def result(number: int, day: float, *, failed: bool) -> Inspection:
    return Inspection(
        id=f"I{number}",
        happened_at=START + round(day * DAY),
        declaration_id=f"L{number}",
        outcome=Outcome.RETURNED if failed else Outcome.PASS,
    )


def port(lines: int = 900) -> list[Entry]:
    """Three lines a day; power banks fail often, everything else seldom; results take two days."""
    random = np.random.default_rng(3)
    entries = []
    for number in range(lines):
        day, name = number * 300 / lines, NAMES[random.integers(len(NAMES))]
        failed = random.random() < (0.5 if name and "充电宝" in name else 0.06)
        declared = line(number, day, name)
        entries.append(Entry(declared, known_at=declared.happened_at))
        entries.append(Entry(result(number, day + 1, failed=failed), known_at=declared.happened_at + 2 * DAY))
    return entries


class Records:
    """A store in a folder of its own that takes imports."""

    def __init__(self) -> None:
        self._folder = TemporaryDirectory()
        self.store = Store.open(
            f"sqlite:///{Path(self._folder.name) / 'records.db'}", clock=lambda: END + 10 * DAY
        )
        self.store.migrate()

    def add(self, entries: list[Entry]) -> None:
        self.store.append(entries, imported=True)

    def tell(self, said: Sequence[tuple[object, int]]) -> None:
        """Take what was said, each some days after the start; what never stood cannot be removed.

        What was erased is not taken again.
        """
        for one, day in said:
            at = START + day * DAY
            if not isinstance(one, Entry):
                with suppress(ErasedContent):
                    self.add([Entry(one, known_at=at)])  # type: ignore[arg-type]
            elif one.removed and self.store.revisions(one.removed[0], [one.removed[1]]):
                self.add([Entry(known_at=at, action=one.action, removed=one.removed)])

    def close(self) -> None:
        self.store.close()
        self._folder.cleanup()


def slow_labels(store: Store, target: Target, at: int) -> dict[str, Label]:
    """The labels of what stood just before an instant, read from the first revision on."""
    standing = what_stands(store, at)
    inspections, findings = by_line(standing.inspections), by_line(standing.findings)
    labels = {
        name: label_line(target, inspections.get(name, ()), findings.get(name, ()))
        for name in standing.filed.keys() - standing.gone
    }
    kept = {filed.record.id for filed in first_revisions(store, labels)}
    return {name: label for name, label in labels.items() if isinstance(label, Label) and name in kept}
