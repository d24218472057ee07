"""From what a caller or a file sent to records, and what is wrong with the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from features.errors import RecordError
from features.reading import read_record
from features.records import AnyRecord, Declaration
from features.rules import BrokenRule, InvalidRecord, WrongType
from features.store.database import Store
from features.store.drafts import Draft, draft_all
from features.store.entries import Entry
from features.store.reader import Revision
from features.store.replay import Past, is_erased
from features.terms import Kind, LineStatus
from serving.champions import Champion, uncalibrated


@dataclass(frozen=True, slots=True)
class Refused:
    """A record that cannot be used: its place in the request, its id as sent, and the rules it breaks."""

    index: int
    id: str | None
    errors: tuple[RecordError, ...]


class Taken(NamedTuple):
    """A record that can be used: its place in the request, and what the store will be given."""

    place: int
    record: AnyRecord
    draft: Draft


@dataclass(slots=True)
class Intake:
    """The records of one request, and those refused."""

    records: list[Taken] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)


class UnscoredDirection(BrokenRule):
    """A line of a direction that the model in use never learned."""

    title, title_zh = "Direction not scored", "该方向无法评分"
    rule, rule_zh = "is a direction the model in use was not calibrated for", "是现行模型未经校准的方向"
    remedy = "Record the line with POST /v1/declarations; train on records of this direction to score it."
    remedy_zh = "请用 POST /v1/declarations 登记该行；以该方向的记录训练后方可评分。"


class CancelledLine(BrokenRule):
    """A cancelled line sent to be scored."""

    title, title_zh = "Cancelled line", "申报行已撤销"
    rule, rule_zh = "is cancelled, and a cancelled line is not scored", "已撤销，撤销的申报行不评分"
    remedy = "Record the cancellation with POST /v1/declarations; the line then leaves the counts."
    remedy_zh = "请用 POST /v1/declarations 登记撤销；该行随后不再计入统计。"


class RepeatedId(BrokenRule):
    """An id that stands twice in one request."""

    title, title_zh = "Repeated id", "编号重复"
    rule, rule_zh = "stands twice in this request; the first is used", "在本次请求中重复出现，以第一条为准"
    remedy = "Send each record once; send its next revision in a further request."
    remedy_zh = "每条记录只提交一次；其后续版本请另行提交。"


def take_in(kind: Kind, sent: Sequence[Any]) -> Intake:
    """Read each of the records sent.

    One that breaks rules, or repeats an id of this request, is refused and sinks none of the others.
    """
    intake = Intake()
    seen: set[str] = set()
    for index, fields in enumerate(sent):
        try:
            record, draft = _read(kind, fields)
            if record.id in seen:
                raise RepeatedId("id", record.id)
        except InvalidRecord as error:
            intake.refused.append(Refused(index, _id_of(fields), error.errors))
        except RecordError as error:
            intake.refused.append(Refused(index, _id_of(fields), (error,)))
        else:
            seen.add(record.id)
            intake.records.append(Taken(index, record, draft))
    return intake


class Erased(BrokenRule):
    """A record with the very content that a redaction erased."""

    title, title_zh = "Erased content", "内容已被删除"
    rule, rule_zh = "has the very content that a redaction erased", "的内容已被删除，不再接受"
    remedy = "Leave the record out; if it is meant to be declared anew, give it a new id."
    remedy_zh = "请勿再次提交该记录；如确需重新申报，请使用新的编号。"


def refuse_erased(intake: Intake, store: Store) -> None:
    """Refuse records whose very content a redaction erased.

    Asked only where the store refused one of them: a question for each request would be dear.
    """
    if not intake.records:
        return
    known = store.revisions(intake.records[0].draft.key[0], [taken.record.id for taken in intake.records])
    standing: list[Taken] = []
    for taken in intake.records:
        id = taken.record.id
        if is_erased(taken.draft, [_past(revision) for revision in known.get(id, [])]):
            intake.refused.append(Refused(taken.place, id, (Erased("id", id),)))
        else:
            standing.append(taken)
    intake.records = standing


def _past(one: Revision) -> Past:
    instants = one.known_at, one.recorded_at, one.happened_at
    return Past(one.revision, one.sequence, *instants, str(one.action), one.content_hash, None)


def refuse_unscored(intake: Intake, champion: Champion) -> list[Declaration]:
    """Refuse lines that are not to be scored, or that the model cannot score, and return the others."""
    taken: list[Taken] = []
    lines: list[Declaration] = []
    for each in intake.records:
        line = each.record
        assert isinstance(line, Declaration)
        error = unscored(line, champion)
        if error is not None:
            intake.refused.append(Refused(each.place, line.id, (error,)))
        else:
            taken.append(each)
            lines.append(line)
    intake.records = taken
    return lines


def unscored(line: Declaration, champion: Champion) -> BrokenRule | None:
    """Say why a line is not scored; None where it is."""
    if line.status == LineStatus.CANCELLED:
        return CancelledLine("status", str(line.status))
    if uncalibrated(champion, line.direction):
        return UnscoredDirection("direction", str(line.direction))
    return None


def _read(kind: Kind, fields: Any) -> tuple[AnyRecord, Draft]:
    if not isinstance(fields, Mapping):
        raise WrongType(str(kind), fields, "is not an object", "须为对象")
    record = read_record(kind, fields)
    # What the store would refuse must not sink the others.
    return record, draft_all([Entry(record=record)], imported=False)[0]


def _id_of(fields: Any) -> str | None:
    sent = fields.get("id") if isinstance(fields, Mapping) else None
    return None if sent is None else str(sent)[:128]
