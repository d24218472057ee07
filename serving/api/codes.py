"""Code tables: what the codes of a declaration mean."""

from __future__ import annotations

import re
from functools import lru_cache

import msgspec
from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from features.code_tables import FOLDER, read_rows
from serving.api import schemas
from serving.api.openapi import answers
from serving.dependencies import CallerDep, no_parameters
from serving.errors import NotFound

router = APIRouter(prefix="/v1/codes", tags=["codes"])
_PLAIN = [Depends(no_parameters)]
_NAME = re.compile(r"[a-z0-9_]{1,64}")


@router.get(
    "", summary="List the code tables", dependencies=_PLAIN, responses=answers(schemas.CodeTables, 401, 422)
)
async def list_tables(caller: CallerDep) -> Response:  # noqa: ARG001 - any token may read codes
    """Name every table; any token may read them."""
    return _json(schemas.CodeTables(tables=_names()))


@router.get(
    "/{table}",
    summary="Read a code table",
    dependencies=_PLAIN,
    responses=answers(schemas.CodeTable, 401, 404, 422),
)
async def read_table(caller: CallerDep, table: str) -> Response:  # noqa: ARG001 - any token may read codes
    """Read a table whole; dashes and underscores in its name are the same."""
    name = table.replace("-", "_")
    if not _NAME.fullmatch(name) or name not in _names():
        known = ", ".join(_names())
        raise NotFound(
            f"no code table {name[:64]!r}; there are {known}", f"没有代码表 {name[:64]!r}；现有 {known}"
        )
    return _json(await run_in_threadpool(_table, name))


def _names() -> list[str]:
    return sorted(path.stem for path in FOLDER.glob("*.csv"))


@lru_cache(maxsize=8)
def _table(name: str) -> schemas.CodeTable:
    rows = read_rows(name)
    columns = list(rows[0]) if rows else []
    return schemas.CodeTable(table=name, columns=columns, rows=[list(row.values()) for row in rows])


def _json(answer: msgspec.Struct) -> Response:
    return Response(msgspec.json.encode(answer), media_type="application/json")
