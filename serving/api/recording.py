"""From a request's body to records ready to be committed, and revised lines scored anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from sqlalchemy import Connection

from features.doubts import line_warnings, lines_of
from features.instants import Instant
from features.records import AnyRecord, Declaration
from features.store.entries import Receipt, Status
from features.store.reader import declared_at
from features.terms import Kind, LineStatus
from serving import words
from serving.accounts.callers import Caller
from serving.api import schemas
from serving.api.bodies import parse_json
from serving.api.language import Language
from serving.api.rejects import nothing_accepted, rejects
from serving.api.repeats import Work
from serving.api.requests import as_list
from serving.api.telling import Told, with_readings
from serving.champions import uncalibrated
from serving.intake import refuse_erased, take_in
from serving.ledger import recorded, to_stored
from serving.measures import RECORDS, REJECTS
from serving.notices import Notice
from serving.scorer import Ask, notices_of
from serving.services import Services
from serving.storage.scores import StoredScore, add_scores, scored_lines


def prepare(
    services: Services, caller: Caller, language: Language, kind: Kind, body: bytes, *, careful: bool = False
) -> Work:
    """Read the records of a body and return the work that stores and answers them.

    `careful` finds out content that a redaction erased, over which the store refuses the work as a whole.
    Raises MalformedBody, InvalidRequest, and NothingAccepted where no record can be stored.
    """
    intake = take_in(kind, as_list(parse_json(body), services.settings.batch_limit))
    if careful:
        refuse_erased(intake, services.store)
    if not intake.records:
        raise nothing_accepted(kind, intake.refused, language)
    records = [taken.record for taken in intake.records]
    drafts = [taken.draft for taken in intake.records]
    anew = _Anew(services, caller, records)
    refused = rejects(intake.refused, language)
    told = Told.of(services.store, records)

    def work(connection: Connection) -> tuple[int, bytes]:
        receipts = services.store.append_drafts(connection, drafts)
        scores = anew.store(connection, receipts)
        declared = declared_at(connection, lines_of(records))
        answers = [
            _receipt(receipt, scores.get(receipt.id), _warnings(record, declared, language))
            for receipt, record in zip(receipts, records, strict=True)
        ]
        changed = any(receipt.status != Status.UNCHANGED for receipt in receipts)
        answer: schemas.Receipts | schemas.OpinionReceipts
        if told.opinions:
            read = told.understood(connection, services.store, receipts, language)
            answer = schemas.OpinionReceipts(receipts=with_readings(answers, read), rejects=refused)
        else:
            answer = schemas.Receipts(receipts=answers, rejects=refused)
        return 201 if changed else 200, msgspec.json.encode(answer)

    RECORDS.labels(kind).inc(len(records))
    if refused:
        REJECTS.labels(kind).inc(len(refused))
    return work


class _Anew:
    """The lines of a request that were scored before, scored as they stand now; a cancelled one is not."""

    def __init__(self, services: Services, caller: Caller, records: Sequence[AnyRecord]) -> None:
        self._services = services
        self._caller = caller
        self._champion = services.champions.current(services.settings.target)
        self._lines = [
            record
            for record in records
            if isinstance(record, Declaration) and record.status != LineStatus.CANCELLED
        ]
        with services.store.engine.connect() as connection:
            self._ready = self._score(connection, self._lines)

    def store(self, connection: Connection, receipts: Sequence[Receipt]) -> dict[str, str]:
        """Store the scores of lines that changed; returns line to score.

        Lines that others scored since they were looked up are scored now, while the transaction holds the
        counter, so that nobody else does.
        """
        changed = {one.id: one for one in receipts if one.status != Status.UNCHANGED}
        ready = {score.line_id for score in self._ready}
        left = [line for line in self._lines if line.id in changed and line.id not in ready]
        late = self._score(connection, [one for one in left if changed[one.id].status == Status.REVISED])
        rows = [row for row in (*self._ready, *late) if row.line_id in changed]
        if rows:
            add_scores(connection, recorded(rows, [changed[row.line_id] for row in rows]))
        return {row.line_id: row.id for row in rows}

    def _score(self, connection: Connection, lines: Sequence[Declaration]) -> list[StoredScore]:
        champion = self._champion
        if champion is None or not lines:
            return []
        known = scored_lines(connection, [line.id for line in lines])
        again = [line for line in lines if line.id in known and not uncalibrated(champion, line.direction)]
        if not again:
            return []
        scoring = self._services.scorer.score(champion, again, Ask(champion.target))
        return to_stored(scoring, self._caller.name)


def _warnings(
    record: AnyRecord, declared: Mapping[str, Instant], language: Language
) -> list[schemas.Warning]:
    beside = [Notice(one.code, one.field, one.value) for one in line_warnings(record, declared)]
    return [words.warning(notice, language) for notice in [*notices_of(record), *beside]]


def _receipt(receipt: Receipt, score: str | None, warnings: list[schemas.Warning]) -> schemas.RecordReceipt:
    return schemas.RecordReceipt(
        kind=receipt.kind,
        id=receipt.id,
        status=receipt.status,
        revision=receipt.revision,
        sequence=receipt.sequence,
        known_at=words.instant(receipt.known_at),
        score=score,
        warnings=warnings,
    )
