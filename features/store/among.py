"""Asks for many values at once, without a parameter for each."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from sqlalchemy import ARRAY, ColumnElement, Text, any_, bindparam, func, select

_ENCODER = msgspec.json.Encoder()


def among(dialect: str, column: ColumnElement[str], values: Iterable[str]) -> ColumnElement[bool]:
    """Return the condition that `column` is one of `values`; those no database can hold match nothing."""
    held = [value for value in values if _is_storable(value)]
    if dialect == "postgresql":
        return column == any_(bindparam(None, held, type_=ARRAY(Text)))
    listed = func.json_each(_ENCODER.encode(held).decode()).table_valued("value")
    return column.in_(select(listed.c.value))


def _is_storable(value: str) -> bool:
    return "\0" not in value and (value.isascii() or value.encode(errors="ignore").decode() == value)
