"""Scores a file of declarations as what-ifs at one sequence: the server's numbers, as columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from features.importing.entries import ACTION, RowPlan
from features.importing.formats import open_source
from features.importing.rejects import Rejects
from features.importing.source import Source
from features.instants import show_instant
from features.records import Declaration
from features.rules import BrokenRule, InvalidRecord
from features.terms import Kind
from models.grading import GradingPolicy
from serving.champions import Champion
from serving.file_events import GRADED, FileEvents, graded_columns
from serving.intake import unscored
from serving.scorer import Ask, Scorer, Scoring
from serving.written import written

BLOCK = 5_000
"""Lines scored at once; bounds memory."""

Progress = Callable[[Source], None]


class NothingToScore(BrokenRule):
    """A row that takes a line away."""

    title, title_zh = "Nothing to score", "没有可评分的内容"
    rule, rule_zh = "takes the line away: there is nothing to score", "表示撤销该行：没有可评分的内容"
    remedy = "Leave the row out, or bring it into the store with `customs-risk import declaration`."
    remedy_zh = "请去掉该行，或用 customs-risk import declaration 导入。"


@dataclass(slots=True)
class FileScored:
    """How many rows of a file were scored, how many rejected, and how many its mapping reads no line from."""

    scored: int = 0
    rejected: int = 0
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class FileScoring:
    """How a file is scored: by which model, with or without contributions; rejected rows go to `rejects`."""

    scorer: Scorer
    champion: Champion
    plan: RowPlan
    rejects: Rejects
    explain: bool = False

    def run(self, path: Path, out: Path, progress: Progress | None = None) -> FileScored:
        """Score every line of `path` into the Parquet file `out`; rows that break rules are counted apart."""
        summary = FileScored()
        ask = Ask(self.champion.target, what_if=True)
        events = FileEvents(self.scorer.policy)
        with written(out) as partial:
            with pq.ParquetWriter(partial, schema(self.champion, explain=self.explain)) as writer:
                for lines in self._blocks(path, summary, progress):
                    scoring = self.scorer.score(self.champion, lines, ask)
                    events.see(scoring.lines)
                    writer.write_table(table_of(scoring, self.scorer.policy, explain=self.explain))
                    summary.scored += len(lines)
            if summary.scored > BLOCK:
                events.settle(partial)
        return summary

    def _blocks(
        self, path: Path, summary: FileScored, progress: Progress | None
    ) -> Iterator[list[Declaration]]:
        with closing(open_source(path, self.plan.zone, self.plan.rows_in)) as source:
            self.plan.check_columns(source.columns, path)
            yield from self._blocks_of(source, path, summary)
            if progress is not None:
                progress(source)

    def _blocks_of(self, source: Source, path: Path, summary: FileScored) -> Iterator[list[Declaration]]:
        lines: list[Declaration] = []
        for number, row in source.rows:
            try:
                read = self._read(row)
                summary.left_out += not read
                lines += read
            except InvalidRecord as error:
                summary.rejected += 1
                self.rejects.add(path, number, Kind.DECLARATION, error.errors)
            if len(lines) >= BLOCK:
                yield lines
                lines = []
        if lines:
            yield lines

    def _read(self, row: Any) -> list[Declaration]:
        if isinstance(row, BrokenRule):
            raise InvalidRecord([row])
        entries = self.plan.read(row)
        for entry in entries:
            if entry.removed is not None:
                raise InvalidRecord([NothingToScore(ACTION, str(entry.action))])
        lines = [entry.record for entry in entries if isinstance(entry.record, Declaration)]
        for line in lines:
            error = unscored(line, self.champion)
            if error is not None:
                raise InvalidRecord([error])
        return lines


def schema(champion: Champion, *, explain: bool) -> pa.Schema:
    """Return the columns of a file of scores."""
    fields: list[tuple[str, pa.DataType]] = [
        ("id", pa.string()),
        ("probability", pa.float64()),
        ("regime", pa.string()),
        ("percentile", pa.float64()),
        ("percentile_basis", pa.string()),
        ("by_rank", pa.string()),
        ("base", pa.float64()),
        ("total", pa.float64()),
        *((name, pa.string()) for name in GRADED),
        ("warnings", pa.string()),
        ("target", pa.string()),
        ("version", pa.string()),
        ("fingerprint", pa.string()),
        ("sequence", pa.int64()),
        ("as_of", pa.string()),
    ]
    if explain:
        names = champion.model.feature_spec.names
        fields += [(f"value.{name}", pa.float64()) for name in names]
        fields += [(f"contribution.{name}", pa.float64()) for name in names]
    return pa.schema(fields)


def table_of(scoring: Scoring, policy: GradingPolicy, *, explain: bool) -> pa.Table:
    """Lay scores out as columns; with `explain`, each feature's value and contribution too."""
    lines, champion = scoring.lines, scoring.champion
    every = len(lines)
    columns: list[Any] = [
        [scored.line.id for scored in lines],
        [scored.probability for scored in lines],
        [scored.regime for scored in lines],
        [scored.percentile.value for scored in lines],
        [scored.percentile.basis for scored in lines],
        [policy.by_rank(scored.percentile.value) for scored in lines],
        [scored.base for scored in lines],
        [scored.log_odds for scored in lines],
        *graded_columns(lines, policy),
        [msgspec.json.encode(scored.notices).decode() for scored in lines],
        [champion.target] * every,
        [champion.promotion.version] * every,
        [champion.promotion.fingerprint] * every,
        [scoring.sequence] * every,
        [show_instant(scored.as_of) for scored in lines],
    ]
    if explain:
        columns += _by_feature([scored.vector for scored in lines])
        columns += _by_feature([scored.contributions for scored in lines])
    return pa.Table.from_arrays(
        [pa.array(column) for column in columns], names=schema(champion, explain=explain).names
    ).cast(schema(champion, explain=explain))


def _by_feature(rows: Sequence[Any]) -> list[Any]:
    return list(np.ascontiguousarray(np.array(rows).T))
