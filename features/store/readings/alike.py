"""Finds who said the same before, and who spoke before, among stored opinions and those of a batch."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from features.instants import DAY, Instant
from features.store.statements import listed, run
from features.text import TEXT_VERSION
from features.text.duplicates import Likeness, Print, most_alike

KEPT = 365 * DAY
"""What was said longer ago is not taken for the same complaint."""

_BANDED = """
    SELECT bands.band, this.sequence, this.id, this.visible_at, this.duplicate_of, this.print,
        (SELECT min(later.visible_at) FROM record_revisions AS later
         WHERE later.kind = 'opinion' AND later.id = this.id AND later.sequence > this.sequence)
    FROM opinion_bands AS bands JOIN opinion_readings AS this
        ON this.sequence = bands.sequence AND this.text_version = bands.text_version
    WHERE bands.text_version = ? AND bands.band IS AMONG ?
"""
_SPOKE = """
    SELECT complainant, id, min(visible_at) FROM opinion_readings
    WHERE text_version = ? AND complainant IS AMONG ? GROUP BY complainant, id
"""


@dataclass(slots=True, eq=False)
class Earlier:
    """An opinion said before: `first` of its cluster, in force until another revision was visible."""

    sequence: int
    id: str
    visible_at: Instant
    until: Instant | None
    first: str
    print: Print | None

    def stands(self, at: Instant) -> bool:
        """Whether it was known before an instant, not too long before, and not changed since."""
        return at - KEPT <= self.visible_at < at and (self.until is None or self.until >= at)


class EarlierOpinions:
    """Opinions by the keys of their texts and by complainant; grows while a batch is read."""

    def __init__(self, connection: Connection, bands: Iterable[str], persons: Iterable[str]) -> None:
        self._banded: dict[str, dict[int, Earlier]] = defaultdict(dict)
        self._spoke: dict[str, dict[str, Instant]] = defaultdict(dict)
        self._of_id: dict[str, Earlier] = {}
        known: dict[int, Earlier] = {}
        for band, sequence, id, at, first, print_, until in run(
            connection, _BANDED, TEXT_VERSION, listed(connection, bands)
        ):
            if sequence not in known:
                known[sequence] = Earlier(sequence, id, at, until, first or id, Print.from_bytes(print_))
            self._banded[band][sequence] = known[sequence]
        for person, id, at in run(connection, _SPOKE, TEXT_VERSION, listed(connection, persons)):
            self._spoke[person][id] = at

    def like(self, id: str, at: Instant, print_: Print, bands: Sequence[str]) -> tuple[str, Likeness] | None:
        """Return the first of the cluster that a text belongs to, and what it is most like; None if new."""
        found = {
            earlier.sequence: earlier
            for band in bands
            for earlier in self._banded.get(band, {}).values()
            if id not in (earlier.id, earlier.first) and earlier.stands(at)
        }
        oldest_first = sorted(found.values(), key=lambda one: (one.visible_at, one.sequence))
        prints = {str(one.sequence): one.print for one in oldest_first if one.print is not None}
        like = most_alike(print_, prints)
        return None if like is None else (found[int(like.id)].first, like)

    def spoke(self, id: str, at: Instant, person: str) -> bool:
        """Whether a complainant had spoken before an instant, in another opinion."""
        return any(other != id and since < at for other, since in self._spoke.get(person, {}).items())

    def add(self, opinion: Earlier, bands: Sequence[str], person: str | None) -> None:
        """Remember an opinion of the batch."""
        if opinion.id in self._of_id:
            self._of_id[opinion.id].until = opinion.visible_at
        self._of_id[opinion.id] = opinion
        for band in bands:
            self._banded[band][opinion.sequence] = opinion
        if person is not None:
            spoke = self._spoke[person]
            spoke[opinion.id] = min(opinion.visible_at, spoke.get(opinion.id, opinion.visible_at))
