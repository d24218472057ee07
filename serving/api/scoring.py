"""From a request's body to scores ready to be committed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import Connection

from features.instants import SHANGHAI, Instant
from features.readers import instant_reader
from features.records import Declaration
from features.terms import Kind
from serving import words
from serving.accounts.callers import Caller
from serving.accounts.scopes import Scope
from serving.api.bodies import parse_json
from serving.api.language import Language
from serving.api.rejects import nothing_accepted, rejects
from serving.api.repeats import Work
from serving.api.requests import as_list
from serving.champions import Champion
from serving.dependencies import require
from serving.errors import InvalidRequest
from serving.intake import Refused, refuse_unscored, take_in
from serving.ledger import record_scores, to_stored
from serving.measures import REJECTS, SCORES, SEQUENCE
from serving.scorer import Ask, Scoring
from serving.services import Services
from serving.storage.scores import StoredScore

OPTIONS = ("what_if", "as_of", "target")
ENVELOPE: dict[str, Any] = {
    "type": "object",
    "required": ["lines"],
    "additionalProperties": False,
    "properties": {
        "lines": {"type": "array", "items": {"$ref": "#/components/schemas/Declaration"}, "maxItems": 1000},
        "what_if": {"type": "boolean"},
        "as_of": {"type": "string", "format": "date-time"},
        "target": {"type": "string"},
    },
}
"""The body that carries the options beside its lines, for callers who would rather not use the query."""


class ScoreOptions(BaseModel):
    """How to score; each may stand in the query or beside `lines` in the body."""

    model_config = ConfigDict(extra="forbid")

    what_if: bool | None = Field(None, description="Score without recording the lines; they enter no count")
    as_of: str | int | None = Field(
        None, description="Score as of a past instant, as a what-if; needs the scope data:scientist"
    )
    target: str | None = Field(None, max_length=64, description="nonconforming (default) or critical")


_NO_OPTIONS = ScoreOptions.model_validate({})


def read_options(query: Mapping[str, str]) -> ScoreOptions:
    """Read the options of a query; raises RequestValidationError.

    Declared to FastAPI as parameters, three options that are hardly ever given would cost every request more
    than reading its line does.
    """
    if not query:
        return _NO_OPTIONS
    try:
        return ScoreOptions.model_validate(dict(query))
    except ValidationError as error:
        found = [{**one, "loc": ("query", *one["loc"])} for one in error.errors(include_url=False)]
        raise RequestValidationError(found) from error


@dataclass(frozen=True, slots=True)
class Asked:
    """The lines of a request that can be scored, those that cannot, and how."""

    champion: Champion
    ask: Ask
    lines: list[Declaration]
    refused: list[Refused]


async def prepare(
    services: Services, caller: Caller, language: Language, options: ScoreOptions, body: bytes
) -> Work:
    """Score the lines of a body and return the work that stores and answers them.

    Raises MalformedBody, InvalidRequest, Forbidden, NotReady, and NothingAccepted where no line can be
    scored.
    """
    asked = await services.run(len(body), read, services, caller, options, body)
    if not asked.lines:
        raise nothing_accepted(Kind.DECLARATION, asked.refused, language)
    scoring = await asyncio.wrap_future(services.blocks.submit(asked.champion, asked.lines, asked.ask))
    return await services.run(len(body), _work, services, caller, language, scoring, asked.refused)


def read(services: Services, caller: Caller, options: ScoreOptions, body: bytes) -> Asked:
    """Read what a body asks for."""
    sent, options = _unwrap(parse_json(body), options)
    ask = _ask(services, caller, options)
    champion = services.champion(ask.target)
    intake = take_in(Kind.DECLARATION, as_list(sent, services.settings.batch_limit))
    return Asked(champion, ask, refuse_unscored(intake, champion), intake.refused)


def _work(
    services: Services, caller: Caller, language: Language, scoring: Scoring, refused: list[Refused]
) -> Work:
    rows = to_stored(scoring, caller.name)
    model = services.score_model(scoring.champion.promotion.fingerprint)
    answers = [msgspec.json.encode(words.full(row, model, services.policies, language)) for row in rows]
    rejected = rejects(refused, language)

    def work(connection: Connection) -> tuple[int, bytes]:
        stored = record_scores(connection, services.store, scoring, rows)
        scores = [_with_sequence(answer, row) for answer, row in zip(answers, stored, strict=True)]
        return 201, msgspec.json.encode({"scores": scores, "rejects": rejected})

    SEQUENCE.set(scoring.sequence)
    _count(rows, len(rejected))
    return work


def _with_sequence(answer: bytes, row: StoredScore) -> msgspec.Raw:
    """Fill in the one field known only in the transaction, so that no answer is encoded under its lock."""
    if row.line_sequence is None:
        return msgspec.Raw(answer)
    return msgspec.Raw(answer.removesuffix(b"null}") + str(row.line_sequence).encode() + b"}")


def _unwrap(sent: Any, options: ScoreOptions) -> tuple[Any, ScoreOptions]:
    """Take the options out of a body that carries them beside its lines; the query's come first."""
    if not isinstance(sent, Mapping) or "lines" not in sent:
        return sent, options
    unknown = sorted(set(sent) - {"lines", *OPTIONS})
    if unknown:
        raise InvalidRequest(
            f"field {unknown[0]!r} does not belong beside `lines`",
            f"字段 {unknown[0]!r} 不应与 lines 并列",
            field=unknown[0][:100],
        )
    told = {name: sent[name] for name in OPTIONS if sent.get(name) is not None}
    told |= {name: value for name, value in options.model_dump().items() if value is not None}
    for name, kind in (("what_if", bool), ("as_of", str | int), ("target", str)):
        if name in told and not isinstance(told[name], kind):
            shown = repr(told[name])[:100]
            raise InvalidRequest(f"{name} {shown} has the wrong type", f"{name} {shown} 类型不符", field=name)
    return sent["lines"], ScoreOptions.model_construct(**told)


def _ask(services: Services, caller: Caller, options: ScoreOptions) -> Ask:
    target = options.target or services.settings.target
    if options.as_of is None:
        return Ask(target, bool(options.what_if))
    require(caller, Scope.DATA_SCIENTIST)
    as_of: Instant | None = instant_reader("as_of", SHANGHAI)(options.as_of)
    return Ask(target, True, as_of)


def _count(rows: list[StoredScore], refused: int) -> None:
    for row in rows:
        SCORES.labels(row.target, row.direction, str(row.what_if).lower()).inc()
    if refused:
        REJECTS.labels(Kind.DECLARATION).inc(refused)
