"""The API's description: msgspec's shapes beside FastAPI's routes, and pages that work without a network."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from starlette.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

from features.records import Declaration, Inspection, Nonconformity, Opinion, Party
from serving.api import explained, schemas

_REF = "#/components/schemas/{name}"
_ANSWERS = [
    schemas.Scores, schemas.Score, schemas.ScorePage, schemas.Receipts, schemas.OpinionReceipts,
    schemas.Models, schemas.CodeTable, schemas.CodeTables,
    schemas.Readiness, schemas.Liveness, schemas.Problem,
    explained.OfficerExplanation, explained.EnterpriseExplanation, explained.Changes,
]  # fmt: skip
_RECORDS = [Party, Declaration, Inspection, Nonconformity, Opinion]
_INSTANTS = (
    "happened_at",
    "produced_at",
    "registered_at",
    "published_at",
    "credit_valid_from",
    "credit_valid_to",
)
_MEANINGS = {
    401: "No token, or an unknown one",
    403: "The token lacks the scope",
    404: "Nothing of that name",
    409: "The Idempotency-Key was used for another request",
    410: "It rested on what was redacted or is not kept any more",
    413: "The body exceeds the limit",
    415: "The body is not announced as JSON",
    422: "The request breaks a rule; nothing was stored",
    503: "Not ready",
}
EXAMPLES: dict[type, dict[str, Any]] = {
    Declaration: {
        "id": "222120261000000001-1",
        "happened_at": "2026-03-02T09:30:00+08:00",
        "direction": "import",
        "hs_code": "8516109000",
        "goods_name": "电热水壶",
        "origin": "VN",
        "office": "2221",
        "terms": "1",
        "currency": "USD",
        "total_price": 12000,
        "quantity": 1500,
        "unit": "001",
        "consignee": "91310000MA1FL0000X",
    },
    Inspection: {
        "id": "I-1",
        "happened_at": "2026-03-03",
        "declaration_id": "222120261000000001-1",
        "depth": "laboratory",
        "outcome": "returned",
        "selected_by": "random",
    },
    Nonconformity: {
        "id": "N-1",
        "happened_at": "2026-03-03",
        "source": "overseas_notice",
        "category": "safety",
        "severity": 3,
        "hs_code": "8516109000",
        "origin": "VN",
    },
    Opinion: {"id": "O-1", "happened_at": "2026-03-03", "channel": "12315", "text": "新买的电热水壶漏电"},
    Party: {
        "id": "91310000MA1FL0000X",
        "happened_at": "2026-01-01",
        "name": "某商行",
        "roles": ["consignee"],
    },
}
"""One record of each kind, as a caller would send it."""
READING = (401, 403)
WRITING = (400, 401, 403, 409, 410, 413, 415, 422, 503)


def answers(
    shape: type, *errors: int, status: int = 200, meaning: str = "The answer"
) -> dict[int | str, Any]:
    """Describe a route's answer and the problems it may give instead."""
    described: dict[int | str, Any] = {status: {"description": meaning, "content": _json(shape.__name__)}}
    for error in errors:
        content = {"application/problem+json": {"schema": {"$ref": _REF.format(name="Problem")}}}
        described[error] = {
            "description": _MEANINGS.get(error, "The request cannot be read"),
            "content": content,
        }
    return described


def takes(
    record: type, *, also: Mapping[str, Any] | None = None, options: type[BaseModel] | None = None
) -> dict[str, Any]:
    """Describe a body of one record or a list of them, with an example to try, and options of the query."""
    one = {"$ref": _REF.format(name=record.__name__)}
    choices = [one, {"type": "array", "items": one, "minItems": 1, "maxItems": 1000}]
    schema = {"anyOf": [*choices, also] if also else choices}
    content = {"schema": schema, "example": EXAMPLES[record]}
    described = options.model_json_schema()["properties"] if options else {}
    parameters = [_parameter("query", name, of_name) for name, of_name in described.items()]
    return {
        "requestBody": {"required": True, "content": {"application/json": content}},
        "parameters": [*parameters, REPEAT_KEY],
    }


def _parameter(place: str, name: str, described: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "in": place,
        "required": False,
        "schema": {key: value for key, value in described.items() if key != "description"},
        "description": described.get("description", ""),
    }


REPEAT_KEY = _parameter(
    "header",
    "Idempotency-Key",
    {
        "type": "string",
        "minLength": 1,
        "maxLength": 255,
        "description": "The same key with the same request gets the first answer again.",
    },
)


def describe(app: FastAPI) -> None:
    """Give the app its /openapi.json with our shapes, and /docs with local assets."""

    def openapi() -> dict[str, Any]:
        if not app.openapi_schema:
            document = get_openapi(
                title=app.title, version=app.version, description=app.description, routes=app.routes
            )
            components = document.setdefault("components", {})
            components.setdefault("schemas", {}).update(_components())
            components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
            document["security"] = [{"token": []}]
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]
    assets = StaticFiles(directory=str(files("fastapi_offline") / "static"))
    app.mount("/docs/assets", assets, name="docs-assets")
    app.add_route("/docs", _page, include_in_schema=False)


async def _page(request: Any) -> HTMLResponse:  # noqa: ARG001
    return get_swagger_ui_html(
        openapi_url="/openapi.json",
        title="customs-risk",
        swagger_js_url="/docs/assets/swagger-ui-bundle.js",
        swagger_css_url="/docs/assets/swagger-ui.css",
        swagger_favicon_url="/docs/assets/favicon.png",
        swagger_ui_parameters={"validatorUrl": None, "docExpansion": "list", "defaultModelsExpandDepth": 0},
    )


def _json(name: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": _REF.format(name=name)}}}


def _components() -> dict[str, Any]:
    _, components = msgspec.json.schema_components([*_ANSWERS, *_RECORDS], ref_template=_REF)
    for record in ("PartyEvent", *(kind.__name__ for kind in _RECORDS)):
        for name in _INSTANTS:
            if name in components[record]["properties"]:
                components[record]["properties"][name] = {
                    "type": "string",
                    "format": "date-time",
                    "description": "ISO 8601; without an offset, in Asia/Shanghai",
                }
    return components
