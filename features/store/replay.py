"""What an entry adds to the revisions of its record: nothing, a revision, or one at an earlier place in time.

Live, what is said last holds. An import may say again what was said before: then it is the same file again
and adds nothing, unless it gives another known_at. Once an import has said something new of a record, its
further rows about it count as new as well.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from features.instants import Instant
from features.store.drafts import Draft
from features.store.entries import Action, Note

What: TypeAlias = tuple[str, bytes]


class Past(NamedTuple):
    """A stored revision of a record, but for its content."""

    revision: int
    sequence: int
    known_at: Instant
    recorded_at: Instant
    happened_at: Instant
    action: str
    content_hash: bytes
    declaration_id: str | None

    @property
    def what(self) -> What:
        """Return what was said, whenever it was."""
        return self.action, self.content_hash if self.action == Action.PUT else b""


class Said(NamedTuple):
    """What has become of an entry: `before` said it already, else it is stored and `again` after it."""

    before: Past | None = None
    again: Sequence[Past] = ()
    note: Note | None = None


class Import:
    """An import under way, which knows what it stored; others may store between its transactions."""

    def __init__(self) -> None:
        self._firsts: list[int] = []
        self._lasts: list[int] = []
        self._promised: tuple[int, int] | None = None

    def promise(self, first: int, last: int) -> None:
        """Say which sequences are the import's own once the transaction is committed."""
        self._promised = first, last

    def settle(self) -> None:
        """Take the promised sequences for its own, as they are committed."""
        if self._promised is not None:
            self.add(*self._promised)
        self._promised = None

    def add(self, first: int, last: int) -> None:
        """Add the sequences from `first` to `last`, all later than those added before."""
        if self._lasts and self._lasts[-1] == first - 1:
            self._lasts[-1] = last
        elif last >= first:
            self._firsts.append(first)
            self._lasts.append(last)

    def __contains__(self, sequence: int) -> bool:
        place = bisect_right(self._firsts, sequence) - 1
        return place >= 0 and sequence <= self._lasts[place]


class Run(NamedTuple):
    """How entries come: of an import or of none, in a transaction that stores what is after `before`."""

    of: Import | None
    before: int
    live: bool

    def stored(self, one: Past) -> bool:
        """Say whether the import stored a revision itself."""
        return one.sequence > self.before or (self.of is not None and one.sequence in self.of)


def is_erased(draft: Draft, past: Sequence[Past]) -> bool:
    """Say whether a redaction of the record erased this very content."""
    erased_until = max((one.sequence for one in past if one.action == Action.REDACT), default=0)
    return draft.action == Action.PUT and any(
        one.content_hash == draft.content_hash
        for one in past
        if one.sequence < erased_until and one.action == Action.PUT
    )


def compare(draft: Draft, past: Sequence[Past], run: Run) -> Said:
    """Say what an entry adds to the revisions of its record, which come in order of sequence."""
    last, what = past[-1], (str(draft.action), draft.content_hash)
    if draft.action == Action.REDACT or (last.action == Action.REDACT and draft.action != Action.PUT):
        # What is redacted is withdrawn already; what is withdrawn can still be redacted.
        return Said(_redacted(draft, past, run))
    if run.of is None:
        return Said(last if last.what == what else None)
    if draft.known_at is None:
        return _unstated(what, past, run)
    return _stated(what, draft.known_at, past, run)


def _redacted(draft: Draft, past: Sequence[Past], run: Run) -> Past | None:
    """Return the redaction that did it; without a known_at, what was said since is erased as well."""
    if past[-1].action == Action.REDACT:
        return past[-1]
    if run.of is None or draft.known_at is None:
        return None
    done = (one for one in past if one.action == Action.REDACT and one.known_at == draft.known_at)
    return next(done, None)


def _unstated(what: What, past: Sequence[Past], run: Run) -> Said:
    last = past[-1]
    if last.what == what:
        return Said(last)
    same = [one for one in past if one.what == what]
    # Once an import has said something new of a record, the rows after it are new as well.
    replayed = same and not run.stored(last)
    return Said(same[-1], note=Note.OUTDATED) if replayed else Said()


def _stated(what: What, known_at: Instant, past: Sequence[Past], run: Run) -> Said:
    same = [one for one in past if one.what == what]
    if not same:
        return Said()
    line, last = _in_time(past), past[-1]
    told = None if run.stored(last) else _told_before(same, known_at, line, run)
    if told is not None:
        stands = last.what == what or (told.known_at == known_at and not run.live)
        return Said(told, note=None if stands else Note.OUTDATED)
    holding = next((one for one in reversed(line) if one.known_at <= known_at), None)
    if holding is not None and holding.what == what:
        return Said(holding, note=None if holding.known_at == known_at else Note.EARLIER)
    later = [one for one in line if one.known_at > known_at]
    recorded = {one.known_at for one in past if one.known_at == one.recorded_at}
    # What was known from its recording on, for want of a known_at, is what has one now.
    moved = next((one for one in later if one.what == what and one.known_at in recorded), None)
    if moved is not None:
        later = [one for one in later if one.known_at > moved.known_at or one.known_at not in recorded]
    return Said(again=[one for one in later if one is not moved])


def _told_before(same: Sequence[Past], known_at: Instant, line: Sequence[Past], run: Run) -> Past | None:
    """Return what said so of that instant already; live, nothing older than what holds is said anew."""
    exact = next((one for one in same if one.known_at == known_at), None)
    if exact is not None and (run.live or not _is_hidden(exact, line)):
        return exact
    if run.live and line and known_at <= line[-1].known_at:
        return same[-1]
    before = next((one for one in reversed(line) if one.known_at < known_at), None)
    at = next((one for one in line if one.known_at == known_at), None)
    return before if at is not None and before is not None and before.what == same[0].what else None


def _in_time(past: Sequence[Past]) -> list[Past]:
    """Return the revisions that ever hold, oldest first: none after it was known as early; none erased."""
    line: list[Past] = []
    for one in reversed(past):
        if one.action == Action.REDACT:
            break
        if not line or one.known_at < line[-1].known_at:
            line.append(one)
    return line[::-1]


def _is_hidden(one: Past, line: Sequence[Past]) -> bool:
    """Say whether what was stored later, as known earlier, took its place: it never holds."""
    return all(other.known_at != one.known_at for other in line) and any(
        other.known_at < one.known_at and other.sequence > one.sequence for other in line
    )
