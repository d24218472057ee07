"""A measure over the history: what features are generated from, one for each of its entities and windows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from features.entities import Tally
from features.facts import Facts, Floats
from features.feature import Among, Family, Show


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure of an entity's history and how it is said.

    `block` gives float64 (n, entities, windows) over `entities` and the tally's windows, or one window only
    where `windows` is empty. `label` and `sentence`, each (Chinese, English), have slots {entity}, {window}
    and, the sentence, {value}. `among` says which of the tally's events count, and `reach` how many days back
    a measure without windows looks.
    """

    name: str
    tally: Tally
    entities: tuple[str, ...]
    windows: tuple[int | None, ...]
    block: Callable[[Facts], Floats]
    label: tuple[str, str]
    sentence: tuple[str, str]
    show: Show = Show.TIMES
    family: Family | None = None
    among: Among = Among.ALL
    reach: int | None = None

    def flat(self, facts: Facts) -> Floats:
        """Return the measure as float64 (n, cells), computed once for these facts."""
        cells: Floats = facts.once(self.block)
        return cells.reshape(len(cells), -1)
