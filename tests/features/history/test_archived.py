"""An archive says what its revisions say one by one: the same lines, the same rows to count."""

from __future__ import annotations

import json
from typing import Any
from unittest.mock import patch

import msgspec
import numpy as np
import pytest
from history_worlds import DECLARATIONS, INSPECTIONS, KEYS, RECORDS, START, World
from hypothesis import given, settings
from hypothesis import strategies as st

from features.history.archived import gather_archive
from features.history.build import gather
from features.instants import DAY
from features.line_columns import LineColumns
from features.lines import Lines
from features.records import Declaration
from features.store import archive as archives
from features.store.archive import read_archive
from features.store.database import Store
from features.store.entries import Action, Entry
from features.store.reader import CHUNK
from features.terms import Direction, Kind, LineStatus

SAID = st.one_of(RECORDS, INSPECTIONS, KEYS)
GOODS = st.builds(
    Declaration,
    id=st.uuids().map(str),
    happened_at=st.integers(START, START + 90 * DAY),
    direction=st.sampled_from(Direction),
    hs_code=st.sampled_from(["0203110000", "33030000", "3303", "28"]),
    ciq_code=st.sampled_from([None, "101", "3303000010101"]),
    dangerous=st.sampled_from([None, False, True]),
    goods_name=st.sampled_from([None, "香水", "猪肉"]),
    currency=st.sampled_from([None, "USD", "XXX"]),
    total_price=st.sampled_from([None, 0.0, 12.5]),
    quantity=st.sampled_from([None, 0.0, 3.0]),
    produced_at=st.sampled_from([None, START]),
    packages=st.sampled_from([None, 7]),
)

ODD_TEXTS = st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
ODD_AMOUNTS = st.none() | st.floats(0, allow_infinity=False) | st.integers(0, 2**53).map(float)
ODD = st.builds(
    Declaration,
    id=st.uuids().map(str),
    happened_at=st.integers(-5, 2**62),
    direction=st.sampled_from(Direction),
    hs_code=st.sampled_from(["0203110000", ""]),
    item_no=st.none() | st.integers(-2, 2),
    status=st.sampled_from(LineStatus),
    goods_name=ODD_TEXTS,
    goods_model=ODD_TEXTS,
    brand=ODD_TEXTS,
    value_cny=ODD_AMOUNTS,
    quantity=ODD_AMOUNTS,
    duty_rate=ODD_AMOUNTS,
    packages=st.none() | st.integers(-(2**60), 2**60),
    produced_at=st.none() | st.integers(-5, 2**62),
    statutory_inspection=st.none() | st.booleans(),
)
"""Lines of which any text and number is rare."""


def assert_same_lines(found: Lines, told: Lines) -> None:
    """The same columns to the bit, and codes that name the texts."""
    assert found.columns.keys() == told.columns.keys()
    for name, column in told.columns.items():
        assert found[name].dtype == column.dtype
        if column.dtype == object:
            assert found[name].tolist() == column.tolist() == found.coded(name).texts().tolist()
        else:
            np.testing.assert_array_equal(found[name], column)


def _written(line: Declaration, manner: str) -> bytes:
    """A line's stored JSON as it is written here, or as others might."""
    body = msgspec.json.encode(line)
    if manner == "usual":
        return body
    fields = json.loads(body)
    if manner == "other order":
        fields = dict(reversed(fields.items()))
    return json.dumps(fields, ensure_ascii=manner == "escaped").encode()


MANNERS = st.sampled_from(["usual", "usual", "blanks", "escaped", "other order"])


@given(st.lists(st.tuples(DECLARATIONS | GOODS | ODD, MANNERS), max_size=12), st.integers(1, 4))
def test_lines_laid_out_in_parts_are_those_laid_out_one_by_one(written, size):
    columns, lines = LineColumns(), [line for line, _ in written]
    bodies = [_written(line, manner) for line, manner in written]
    for start in range(0, len(lines), size):
        columns.add([line.id for line in lines[start : start + size]], bodies[start : start + size])
    found, cancelled = columns.lines()
    assert_same_lines(found, Lines.of(lines))
    assert cancelled.tolist() == [line.status is LineStatus.CANCELLED for line in lines]


def _line(name: str, **told: Any) -> Declaration:
    return Declaration(id=name, happened_at=START, direction=Direction.IMPORT, hs_code="0203110000", **told)


def test_an_inch_sign_among_a_thousand_long_texts_costs_them_no_room() -> None:
    lines = [_line(f"L{at}", goods_model=f"LED display panel, type {at:06d}") for at in range(1_000)]
    lines[500] = msgspec.structs.replace(lines[500], goods_model='LED display panel, 55" wide')
    laid_out = LineColumns()
    laid_out.add([line.id for line in lines], [msgspec.json.encode(line) for line in lines])
    assert_same_lines(laid_out.lines()[0], Lines.of(lines))


def test_a_number_that_json_does_not_have_is_left_to_the_decoder_who_refuses_it() -> None:
    body = msgspec.json.encode(_line("L", quantity=1.5, value_cny=1.0))
    for odd in (b"1_0e1", b"1e400", b"1e"):
        with pytest.raises(msgspec.DecodeError):
            LineColumns().add(["L"], [body.replace(b"1.5", odd)])


def test_a_field_that_may_be_left_out_of_what_is_stored_is_none_then() -> None:
    """A scanned row knows no other default; of the two that have one no column is made as it stands."""
    told = {field.name: field.default for field in msgspec.structs.fields(Declaration) if not field.required}
    assert [name for name, default in told.items() if default is not None] == ["stage", "status"]


@settings(max_examples=40)
@given(st.lists(st.tuples(SAID, st.booleans(), st.integers(0, 5)), max_size=25), st.integers(1, 5))
def test_an_archive_holds_the_rows_of_every_revision(said, page):
    world = World()
    for one, redact, day in said:
        known_at = START + day * 20 * DAY
        if isinstance(one, tuple):
            world.remove(*one, redact=redact, known_at=known_at)
        else:
            world.put(one, known_at=known_at)
    with patch.object(archives, "CHUNK", page), patch.object(archives, "_PAGE", _paged(page)):
        archive = read_archive(world.store)
    told = gather([world.revisions()] if world.revisions() else [], world.store.readings.of)
    found = gather_archive(archive, world.store.readings.of)
    for kind, rows in told.rows.items():
        for column, wanted in zip(found.rows[kind], rows, strict=True):
            np.testing.assert_array_equal(column, wanted)
            assert column.dtype == wanted.dtype
    for column, wanted in zip(found.parties, told.parties, strict=True):
        np.testing.assert_array_equal(column, wanted)
    world.store.close()


def _paged(size: int) -> str:
    paged = archives._PAGE.replace(f"LIMIT {CHUNK}", f"LIMIT {size}")
    assert paged != archives._PAGE
    return paged


def test_an_archive_of_either_database_says_when_each_record_stood(store: Store):
    line = Declaration(
        id="L1", happened_at=START, direction=Direction.IMPORT, hs_code="0203", goods_name="猪肉"
    )
    store.append([Entry(line, known_at=START), Entry(line_of(line), known_at=START + DAY)], imported=True)
    store.append([Entry.withdraw(Kind.DECLARATION, "L1", START + 2 * DAY)], imported=True)
    declared = read_archive(store).declared
    assert declared.lines["goods_name"].tolist() == ["猪肉", "牛肉"]
    assert declared.place.tolist() == [0, 1, -1]
    assert declared.put.tolist() == declared.present.tolist() == [True, True, False]
    assert [declared.standing(START + days * DAY + 1).tolist() for days in (0, 1, 2)] == [[0], [1], [2]]
    assert declared.standing(START).tolist() == []
    assert declared.firsts().tolist() == [0]
    stored = [revision for chunk in store.changes() for revision in chunk]
    assert [bytes(one) for one in declared.hashes] == [one.content_hash for one in stored]
    assert [one.action for one in stored] == [Action.PUT, Action.PUT, Action.WITHDRAW]
    assert len(read_archive(store, until=1).declared.of) == 1


def line_of(line: Declaration) -> Declaration:
    """The line as it was amended."""
    told = {name: getattr(line, name) for name in line.__struct_fields__}
    return Declaration(**(told | {"goods_name": "牛肉"}))
