"""Scores declaration lines, with reasons, from what is known now; it has never heard of HTTP."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from features.doubts import record_warnings
from features.frame import Frame, build_frame
from features.history import History
from features.instants import DAY, Instant, now, show_instant
from features.lines import Lines
from features.records import AnyRecord, Declaration
from models.grading import GradingPolicy
from models.scores import Explained
from serving.champions import Champion
from serving.errors import InvalidRequest
from serving.grading import AskedOnce, GradeRows, Grading, LineGrader
from serving.notices import Notice
from serving.own_results import own_instants
from serving.percentiles import Percentile, Percentiles


@dataclass(frozen=True, slots=True)
class Ask:
    """How lines are to be scored: `what_if` leaves them unrecorded, `as_of` is an instant of the past."""

    target: str = "nonconforming"
    what_if: bool = False
    as_of: Instant | None = None


Request: TypeAlias = tuple[Sequence[Declaration], Ask]
"""The lines of one request, and how they are to be scored."""


@dataclass(frozen=True, slots=True, eq=False)
class ScoredLine:
    """One line's score; `vector` and `contributions` are float64 (k,), `base` too is in log-odds.

    `as_of` is the instant before which a record had to be visible to count: the scoring's, or for a line that
    has results of its own the earlier one at which they did not count.
    """

    line: Declaration
    as_of: Instant
    regime: str
    vector: NDArray[np.float64]
    contributions: NDArray[np.float64]
    base: float
    log_odds: float
    probability: float
    percentile: Percentile
    notices: tuple[Notice, ...]
    grading: Grading


@dataclass(frozen=True, slots=True, eq=False)
class Scoring:
    """Scores of lines that did not see each other, from what was visible before `as_of`.

    A line with results of its own has an earlier instant (`ScoredLine.as_of`).
    """

    champion: Champion
    ask: Ask
    scored_at: Instant
    as_of: Instant
    sequence: int
    lines: list[ScoredLine]


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """The lines of one frame with their instants (n,), features (n, k) and explanations."""

    lines: Sequence[Declaration]
    regimes: NDArray[np.object_]
    instants: NDArray[np.int64]
    values: NDArray[np.float64]
    explained: Explained
    gradings: Sequence[Grading]


class Scorer:
    """The history and how to rank; one frame is built at a time.

    Unless `following`, the history stays as it was opened, so that many blocks of a file are scored at one
    sequence.
    """

    def __init__(
        self,
        history: History,
        percentiles: Percentiles,
        grader: LineGrader,
        stale_days: int,
        *,
        following: bool = True,
    ) -> None:
        self._history = history
        self._grader = grader
        self._following = following
        self._percentiles = percentiles
        self._stale = stale_days * DAY
        self._lock = threading.Lock()

    @property
    def policy(self) -> GradingPolicy:
        """Return the policy that grades."""
        return self._grader.read.policy

    @property
    def sequence(self) -> int:
        """Return the last record applied."""
        return int(self._history.sequence)

    def history_to(self, sequence: int) -> History:
        """Return the history, with everything up to a sequence applied: what a stored score rests on."""
        if self._history.sequence < sequence:
            with self._lock:
                self._history.refresh()
        return self._history

    def score(self, champion: Champion, lines: Sequence[Declaration], ask: Ask) -> Scoring:
        """Score lines by what is stored now, or by what was visible before `ask.as_of`.

        Every record committed before the call counts. Raises InvalidRequest for an `as_of` in the future.
        """
        return self.score_together(champion, [(lines, ask)])[0]

    def score_together(self, champion: Champion, requests: Sequence[Request]) -> list[Scoring]:
        """Score the lines of requests that ask by the same instant, in one frame.

        A line's numbers are, to the bit, those that it would be given alone. Errors as for `score`.
        """
        lines = [line for of_request, _ in requests for line in of_request]
        columns = Lines.of(lines)
        with self._lock:
            if self._following:
                self._history.refresh()
            sequence, present = int(self._history.sequence), int(self._history.watermark) + 1
            as_of = _instant(requests[0][1].as_of, present)
            instants = self._instants(lines, as_of, sequence)
            known = AskedOnce(self._history)
            frame = build_frame(columns, known, instants, champion.model.feature_spec)
            opinions = known.opinions(columns, instants)
        values = champion.model.check_frame(frame)
        explained = champion.model.explain(values, columns["direction"])
        graded = GradeRows(values, explained.probability, columns["regime"].tolist(), opinions)
        past = requests[0][1].as_of
        gradings = self._grader.grade(champion.model, [of for of, _ in requests], graded, past)
        rows = _Rows(lines, columns["regime"], instants, values, explained, gradings)
        notices = self._notices(champion, lines, frame, instants < as_of)
        scorings: list[Scoring] = []
        begin = 0
        for of_request, ask in requests:
            scoring = Scoring(champion, ask, now(), as_of, sequence, [])
            end = begin + len(of_request)
            scoring.lines.extend(self._line(scoring, rows, row, notices[row]) for row in range(begin, end))
            scorings.append(scoring)
            begin = end
        return scorings

    def _instants(self, lines: Sequence[Declaration], as_of: Instant, sequence: int) -> NDArray[np.int64]:
        """Return the instant by which each line is scored: `as_of`, or before its own results."""
        earlier = own_instants(self._grader.engine, [line.id for line in lines], as_of, sequence)
        return np.array([earlier.get(line.id, as_of) for line in lines], dtype=np.int64)

    def _line(self, scoring: Scoring, rows: _Rows, row: int, notices: tuple[Notice, ...]) -> ScoredLine:
        line, regime = rows.lines[row], str(rows.regimes[row])
        base, contributions, log_odds, probability = rows.explained.row(row)
        percentile = self._rank(scoring, (str(line.direction), regime), probability)
        return ScoredLine(
            line,
            int(rows.instants[row]),
            regime,
            rows.values[row],
            contributions,
            base,
            log_odds,
            probability,
            percentile,
            notices,
            rows.gradings[row],
        )

    def _rank(self, scoring: Scoring, group: tuple[str, str], probability: float) -> Percentile:
        at = scoring.scored_at if scoring.ask.as_of is None else None
        return self._percentiles.of(scoring.champion, group, probability, at)

    def _notices(
        self,
        champion: Champion,
        lines: Sequence[Declaration],
        frame: Frame,
        with_results: NDArray[np.bool_],
    ) -> list[tuple[Notice, ...]]:
        found: list[list[Notice]] = [notices_of(line) for line in lines]
        for row in np.flatnonzero(with_results).tolist():
            found[row].append(Notice("own_result", "id", lines[row].id))
        for warning in frame.warnings:
            found[warning.row].append(Notice("unseen_category", warning.column, warning.value))
        learned_until = champion.learned_until
        if now() - learned_until > self._stale:
            stale = Notice("stale_model", "model", show_instant(learned_until)[:10])
            for notices in found:
                notices.append(stale)
        return [tuple(notices) for notices in found]


def notices_of(record: AnyRecord) -> list[Notice]:
    """Return what is doubtful in a record that is taken all the same."""
    return [Notice(doubt.code, doubt.field, doubt.value) for doubt in record_warnings(record)]


def _instant(asked: Instant | None, present: Instant) -> Instant:
    if asked is None or asked == present:
        return present
    if asked > present:
        shown = show_instant(asked)
        raise InvalidRequest(
            f"as_of {shown} is after the last record applied; leave it out to score by what is known now",
            f"as_of {shown} 晚于已应用的最后一条记录；如按当前已知情况评分请省略该参数",
            field="as_of",
        )
    return asked
