"""What one request is given: its scores in words, ready to be stored and answered."""

from __future__ import annotations

from collections import Counter as Counted
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

import msgspec
from prometheus_client import Counter
from sqlalchemy import Connection

from features.store.append import lock_counter
from features.store.database import Store
from features.store.drafts import Draft
from features.store.entries import Receipt, Status
from features.store.errors import ErasedContent
from features.store.statements import fetch, listed
from features.store.writer import attempt
from serving import words
from serving.accounts.scopes import Scope
from serving.api.language import Language
from serving.errors import Forbidden
from serving.grades import Policies
from serving.ledger import recorded, to_stored
from serving.measures import SCORES, SEQUENCE
from serving.scorer import Scoring
from serving.storage.scores import ScoreModel, StoredScore, add_scores
from serving.words import Length

_KNOWN = "SELECT DISTINCT id FROM record_revisions WHERE kind = 'declaration' AND id IS AMONG ?"
Keep = Callable[[Connection, int, bytes], None]
"""Keeps an answer, its status and body, in the transaction of what it reports."""


@dataclass(frozen=True, slots=True, eq=False)
class Asking:
    """What a request brings beside its lines: who asks, in which language, at what length, and how to keep
    the answer.

    `drafts` are of the declarations, none of them for a what-if; `rejected` of the lines refused. Who may not
    revise (`revises`) may only bring lines that are new, or as they are stored.
    """

    caller: str
    language: Language
    drafts: Sequence[Draft]
    rejected: Sequence[msgspec.Struct]
    keep: Keep | None = None
    length: Length = Length.AUDIT
    revises: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """The scores of one request, as rows and as JSON."""

    asking: Asking
    rows: Sequence[StoredScore]
    answers: Sequence[bytes]


def give(asking: Asking, scoring: Scoring, *, policies: Policies, models: Mapping[str, ScoreModel]) -> Given:
    """Write the scores of a request in words, by the model that gave them and the policy that graded them."""
    model = models[scoring.champion.promotion.fingerprint]
    rows = to_stored(scoring, asking.caller)
    SEQUENCE.set(scoring.sequence)
    for row in rows:
        _series(row.target, row.direction, row.what_if).inc()
    answers = [
        msgspec.json.encode(words.told(row, model, policies, asking.language, asking.length)) for row in rows
    ]
    return Given(asking, rows, answers)


@lru_cache(maxsize=64)
def _series(target: str, direction: str, what_if: bool) -> Counter:
    """Return the series that scores are counted in, which labels would have to be looked up for."""
    return SCORES.labels(target, direction, str(what_if).lower())


def record_given(
    store: Store, given: Sequence[Given], connection: Connection
) -> list[tuple[int, bytes] | Exception]:
    """Store what requests were given; returns the status and body of each answer, or why there is none.

    An answer that is to be kept may be in the way of another's, and a line that is stored may turn out to be
    revised by who may not: such a request stands or falls alone. Of the rest, whatever can be wrong with one
    was found before, but for content that a redaction erased: then each stands alone.
    """
    doubtful = _doubtful(given, connection)
    plain = [one for one in given if one.asking.keep is None and id(one) not in doubtful]
    try:
        answered = _record(store, plain, connection)
    except ErasedContent:  # raised before anything is written
        plain, answered = [], []
    found = dict(zip(map(id, plain), answered, strict=True))
    outcomes: list[tuple[int, bytes] | Exception] = []
    for one in given:
        if id(one) in found:
            outcomes.append(found[id(one)])
        else:
            outcome, error = attempt(connection, lambda to, one=one: _record_alone(store, one, to))  # type: ignore[misc]
            outcomes.append(outcome if error is None else error)
    return outcomes


def _doubtful(given: Sequence[Given], connection: Connection) -> set[int]:
    """Return which requests of callers who may not revise bring a line that is stored, or sent twice."""
    limited = [one for one in given if not one.asking.revises and one.asking.drafts]
    if not limited:
        return set()
    sent = Counted(draft.key[1] for one in given for draft in one.asking.drafts)
    lock_counter(connection)  # or a line could be stored between the question and the append
    ids = {draft.key[1] for one in limited for draft in one.asking.drafts}
    known = {line for (line,) in fetch(connection, _KNOWN, listed(connection, ids))}
    known |= {line for line in ids if sent[line] > 1}
    return {id(one) for one in limited if any(draft.key[1] in known for draft in one.asking.drafts)}


def _refuse_revised(asking: Asking, receipts: Sequence[Receipt]) -> None:
    """Raise Forbidden where who may not revise brought a stored line with other content."""
    changed = next((one.id for one in receipts if one.status == Status.REVISED), None)
    if changed is not None and not asking.revises:
        scope = Scope.RECORDS_WRITE
        raise Forbidden(
            f"line {changed!r} is stored with other content, and token {asking.caller!r} lacks the scope "
            f"{scope} to revise it; nothing of this request was stored (what_if=true scores without storing)",
            f"申报行 {changed!r} 已登记且内容不同，令牌 {asking.caller!r} 没有修订所需的权限 {scope}；"
            "本次请求未登记任何内容（what_if=true 可只评分不登记）",
            scope=scope,
        )


def _record_alone(store: Store, given: Given, connection: Connection) -> tuple[int, bytes]:
    [(status, body)] = _record(store, [given], connection)
    if given.asking.keep is not None:
        given.asking.keep(connection, status, body)
    return status, body


def _record(store: Store, given: Sequence[Given], connection: Connection) -> list[tuple[int, bytes]]:
    if not given:
        return []
    receipts = iter(store.append_drafts(connection, [draft for one in given for draft in one.asking.drafts]))
    rows: list[Sequence[StoredScore]] = []
    for one in given:
        of_request = list(islice(receipts, len(one.asking.drafts)))
        _refuse_revised(one.asking, of_request)
        rows.append(recorded(one.rows, of_request))
    add_scores(connection, [row for of_request in rows for row in of_request])
    return [_answer(one, of_request) for one, of_request in zip(given, rows, strict=True)]


def _answer(given: Given, rows: Sequence[StoredScore]) -> tuple[int, bytes]:
    scores = [_with_sequence(answer, row) for answer, row in zip(given.answers, rows, strict=True)]
    return 201, msgspec.json.encode({"scores": scores, "rejects": given.asking.rejected})


def _with_sequence(answer: bytes, row: StoredScore) -> msgspec.Raw:
    """Fill in the one field known only in the transaction, so that no answer is encoded under its lock."""
    if row.line_sequence is None:
        return msgspec.Raw(answer)
    return msgspec.Raw(answer.removesuffix(b"null}") + str(row.line_sequence).encode() + b"}")
