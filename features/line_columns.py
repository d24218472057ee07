"""Lays out declaration lines by the thousand: each distinct text is kept, and worked on, once."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from features.coded import Coded, Coder, objects
from features.lines import DERIVED_TEXT, NUMBER_COLUMNS, TEXT_COLUMNS, Lines, headings_of
from features.records import Declaration
from features.regimes import regime_of
from features.store.scanner import Scanner
from features.terms import Direction, LineStatus
from features.values import value_cny

_CODED = (*(name for name in TEXT_COLUMNS if name != "id"), "status")
_NUMBERS, _INSTANTS = (*NUMBER_COLUMNS, "value_cny"), ("happened_at", "produced_at")
_STATED = ("id", *_INSTANTS, *NUMBER_COLUMNS, *_CODED)
_STATES = {name: attrgetter(name) for name in _STATED}
_decode = msgspec.json.Decoder(Declaration).decode


class LineColumns:
    """Takes lines in parts and gives the `Lines` that `Lines.of` would make of all, with their codes."""

    def __init__(self) -> None:
        self._coders = {name: Coder() for name in _CODED}
        self._parts: dict[str, list[NDArray[Any]]] = {name: [] for name in (*_STATED, "value_cny")}
        self._scanner = Scanner(Declaration.__struct_fields__, self._coders, _NUMBERS, _INSTANTS)

    def add(self, ids: Sequence[str], bodies: Sequence[bytes]) -> None:
        """Take some lines by ids and stored JSON, which follow those before."""
        if not bodies:
            return
        parts, left = self._scanner.scan(bodies)
        parts["id"] = objects(ids)
        left |= (parts["hs_code"] < 0) | (parts["direction"] < 0) | (parts["happened_at"] < 0)
        rows = np.flatnonzero(left | np.isnan(parts["value_cny"]))
        if len(rows):
            told = self._decoded([_decode(bodies[row]) for row in rows.tolist()])
            for name, part in told.items():
                parts[name][rows] = part
        for name, part in parts.items():
            self._parts[name].append(part)

    def _decoded(self, lines: Sequence[Declaration]) -> dict[str, NDArray[Any]]:
        """Lay out records, for lines whose value must be found or that are not written as usual."""
        parts: dict[str, NDArray[Any]] = {
            name: coder.codes(map(_STATES[name], lines), len(lines)) for name, coder in self._coders.items()
        }
        for name in NUMBER_COLUMNS:
            parts[name] = np.array(list(map(_STATES[name], lines)), dtype=np.float64)  # None becomes NaN
        parts["value_cny"] = np.array(list(map(value_cny, lines)), dtype=np.float64)
        parts["id"] = objects(line.id for line in lines)
        parts["happened_at"] = np.array([line.happened_at for line in lines], dtype=np.int64)
        produced = [-1 if line.produced_at is None else line.produced_at for line in lines]
        parts["produced_at"] = np.array(produced, dtype=np.int64)
        return parts

    def lines(self) -> tuple[Lines, NDArray[np.bool_]]:
        """Return all lines taken, in their order, and which of them are cancelled."""
        if not self._parts["id"]:
            return Lines.of([]), np.empty(0, dtype=bool)
        columns = {name: np.concatenate(parts) for name, parts in self._parts.items()}
        cancelled = columns.pop("status") == self._coders["status"].get(LineStatus.CANCELLED, -2)
        coded = {
            name: Coded(columns[name], coder.values())
            for name, coder in self._coders.items()
            if name in columns
        }
        ways = coded["direction"]
        coded["direction"] = Coded(ways.codes, objects(map(Direction, ways.values)))
        coded |= _derived(coded, columns["dangerous"])
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            price = columns["value_cny"] / columns["quantity"]
        columns["unit_price_cny"] = np.where(columns["quantity"] == 0, np.nan, price)
        columns |= {name: texts.texts() for name, texts in coded.items()}
        return Lines(columns, coded), cancelled


def _derived(coded: dict[str, Coded], dangerous: NDArray[np.float64]) -> dict[str, Coded]:
    """Return chapter, heading, subheading and regime, read off the distinct codes."""
    codes = coded["hs_code"]
    named: list[str] = codes.values.tolist()
    distinct = {"hs2": [code[:2] for code in named], **headings_of(named)}
    found = {name: _renumbered(codes, values) for name, values in distinct.items()}
    found["regime"] = _regimes(codes, coded["ciq_code"], dangerous == 1)
    return {name: found[name] for name in DERIVED_TEXT}


def _renumbered(codes: Coded, values: Sequence[str | None]) -> Coded:
    coder = Coder()
    return Coded(codes.spread(coder.codes(values, len(values)), -1), coder.values())


def _regimes(codes: Coded, ciq: Coded, dangerous: NDArray[np.bool_]) -> Coded:
    width = len(ciq.values) + 1
    cells = (codes.codes.astype(np.int64) * width + ciq.codes + 1) * 2 + dangerous
    distinct, place = np.unique(cells, return_inverse=True)
    named = [
        str(
            regime_of(
                codes.values[cell // 2 // width], _value(ciq, cell // 2 % width - 1), dangerous=cell % 2 == 1
            )
        )
        for cell in distinct.tolist()
    ]
    coder = Coder()
    return Coded(coder.codes(named, len(named))[place], coder.values())


def _value(texts: Coded, code: int) -> str | None:
    value: str | None = None if code < 0 else texts.values[code]
    return value
