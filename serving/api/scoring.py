"""From a request's body to scores ready to be committed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, NamedTuple

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.datastructures import QueryParams

from features.store.errors import ErasedContent
from features.terms import Kind
from serving.accounts.callers import Caller
from serving.accounts.scopes import Scope
from serving.api.bodies import parse_json
from serving.api.instants import asked_instant
from serving.api.language import Language
from serving.api.rejects import nothing_accepted, rejects
from serving.api.repeats import Repeatable, keeping
from serving.api.requests import as_list
from serving.blocks import Job
from serving.dependencies import require
from serving.errors import InvalidRequest
from serving.giving import Asking
from serving.intake import refuse_erased, refuse_unscored, take_in
from serving.measures import REJECTS
from serving.scorer import Ask
from serving.services import LARGE, Services
from serving.words import Length

OPTIONS = ("what_if", "as_of", "target", "length")
ENVELOPE: dict[str, Any] = {
    "type": "object",
    "required": ["lines"],
    "additionalProperties": False,
    "properties": {
        "lines": {"type": "array", "items": {"$ref": "#/components/schemas/Declaration"}, "maxItems": 1000},
        "what_if": {"type": "boolean"},
        "as_of": {"type": "string", "format": "date-time"},
        "target": {"type": "string"},
        "length": {"type": "string", "enum": list(Length)},
    },
}
"""The body that carries the options beside its lines, for callers who would rather not use the query."""


class ScoreOptions(BaseModel):
    """How to score; each may stand in the query or beside `lines` in the body."""

    model_config = ConfigDict(extra="forbid")

    what_if: bool | None = Field(None, description="Score without recording the lines; they enter no count")
    as_of: str | None = Field(
        None, description="Score as of a past instant, as a what-if; needs the scope data:scientist"
    )
    target: str | None = Field(None, max_length=64, description="A target; the server's default unless given")
    length: Length | None = Field(
        None,
        description="How much to say: line, page (five reasons) or audit (every contribution; the default)",
    )


_NO_OPTIONS = ScoreOptions.model_validate({})


def read_options(query: QueryParams) -> ScoreOptions:
    """Read the options of a query; raises RequestValidationError, InvalidRequest for one that stands twice.

    Declared to FastAPI as parameters, options that are hardly ever given would cost every request more
    than reading its line does.
    """
    if not query:
        return _NO_OPTIONS
    for name in query:
        if len(query.getlist(name)) > 1:
            shown = name[:100]
            raise InvalidRequest(
                f"{shown!r} stands more than once in the query", f"查询参数 {shown!r} 重复出现", field=shown
            )
    try:
        return ScoreOptions.model_validate(dict(query))
    except ValidationError as error:
        found = [{**one, "loc": ("query", *one["loc"])} for one in error.errors(include_url=False)]
        raise RequestValidationError(found) from error


class Sender(NamedTuple):
    """Who asks, in which language, and whether the answer is kept for a repeated request."""

    caller: Caller
    language: Language
    repeatable: Repeatable | None


async def answer(services: Services, sender: Sender, options: ScoreOptions, body: bytes) -> tuple[int, bytes]:
    """Score and record the lines of a body; returns status and body of the answer once it is committed.

    Raises MalformedBody, InvalidRequest, Forbidden, NotReady, and NothingAccepted where no line can be
    scored.
    """
    try:
        if len(body) < LARGE:
            return await services.blocks.answer(read(services, sender, options, body))
        return await _alone(services, await services.in_thread(read, services, sender, options, body))
    except ErasedContent:
        job = await services.in_thread(read, services, sender, options, body, careful=True)
        return await _alone(services, job)


async def _alone(services: Services, job: Job) -> tuple[int, bytes]:
    """Score and record a request by itself, off the thread that answers all."""
    scoring = await asyncio.wrap_future(services.blocks.score(job))
    given = await services.in_thread(services.blocks.give, job, scoring)
    [outcome] = await asyncio.wrap_future(services.blocks.record([given]))
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def read(
    services: Services, sender: Sender, options: ScoreOptions, body: bytes, *, careful: bool = False
) -> Job:
    """Read what a body asks for; `careful` finds out lines whose content a redaction erased."""
    sent, options, field = _unwrap(parse_json(body), options)
    ask = _ask(services, sender.caller, options)
    champion = services.champion(ask.target)
    intake = take_in(Kind.DECLARATION, as_list(sent, services.settings.batch_limit, field=field))
    if careful and not ask.what_if:
        refuse_erased(intake, services.store)
    lines = refuse_unscored(intake, champion)
    if not lines:
        raise nothing_accepted(Kind.DECLARATION, intake.refused, sender.language)
    if intake.refused:
        REJECTS.labels(Kind.DECLARATION).inc(len(intake.refused))
    drafts = [] if ask.what_if else [taken.draft for taken in intake.records]
    rejected = rejects(intake.refused, sender.language)
    asking = Asking(
        sender.caller.name,
        sender.language,
        drafts,
        rejected,
        keeping(services, sender.repeatable),
        options.length or Length.AUDIT,
        sender.caller.may(Scope.RECORDS_WRITE),
    )
    return Job(champion, lines, ask, asking)


def _unwrap(sent: Any, options: ScoreOptions) -> tuple[Any, ScoreOptions, str | None]:
    """Take the options out of a body that carries them beside its lines; what the query says must agree.

    Returns the lines, the options, and the field that holds the lines where there is one.
    """
    if not isinstance(sent, Mapping) or "lines" not in sent:
        return sent, options, None
    unknown = sorted(set(sent) - {"lines", *OPTIONS})
    if unknown:
        raise InvalidRequest(
            f"field {unknown[0]!r} does not belong beside `lines`",
            f"字段 {unknown[0]!r} 不应与 lines 并列",
            field=unknown[0][:100],
        )
    told = _agreed({name: sent[name] for name in OPTIONS if sent.get(name) is not None}, options)
    for name, kind in (("what_if", bool), ("target", str), ("length", str)):
        if name in told and not isinstance(told[name], kind):
            shown = repr(told[name])[:100]
            raise InvalidRequest(f"{name} {shown} has the wrong type", f"{name} {shown} 类型不符", field=name)
    if "length" in told:
        told["length"] = _length(told["length"])
    return sent["lines"], ScoreOptions.model_construct(**told), "lines"


def _agreed(told: Mapping[str, Any], options: ScoreOptions) -> dict[str, Any]:
    """Put the options of the body and of the query together; raises InvalidRequest where they contradict."""
    asked = {name: value for name, value in options.model_dump().items() if value is not None}
    for name in told.keys() & asked.keys():
        if told[name] != asked[name]:
            query, body = str(asked[name])[:100], str(told[name])[:100]
            raise InvalidRequest(
                f"{name} is {query!r} in the query and {body!r} in the body",
                f"{name} 在查询参数中为 {query!r}，在请求正文中为 {body!r}",
                field=name,
            )
    return {**told, **asked}


def _length(told: str) -> Length:
    try:
        return Length(told)
    except ValueError as error:
        known = ", ".join(Length)
        raise InvalidRequest(
            f"length {told[:100]!r} is none of {known}",
            f"length {told[:100]!r} 不是 {known} 之一",
            field="length",
        ) from error


def _ask(services: Services, caller: Caller, options: ScoreOptions) -> Ask:
    target = options.target or services.settings.target
    if options.as_of is None:
        return Ask(target, bool(options.what_if))
    require(caller, Scope.DATA_SCIENTIST)
    return Ask(target, True, asked_instant("as_of", options.as_of))
