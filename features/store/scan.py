"""Finds and reads the values of stored JSON without making records: kernels over bytes.

What is stored was checked and written by `Record`, in the order of its fields, without blanks: that a value
is of its field's type is not looked at again. A body written in any other way (an escaped sign, a null,
another order, an unknown field) is left to the decoder, which knows all of JSON.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from features.kernel import inlined, kernel
from features.store.words import are_same, bytes_before, first_bytes, word_at

Bytes: TypeAlias = NDArray[np.uint8]
Integers: TypeAlias = NDArray[np.int64]
Spans: TypeAlias = NDArray[np.int32]
"""Where values stand: first byte and the one behind the last, (2, rows) or (2, fields, rows), -1 for none."""

Whole: TypeAlias = Any
"""An int64, of Python or of numpy."""

_QUOTE, _BACKSLASH, _COMMA, _CLOSE = (np.uint64(ord(sign)) for sign in '"\\,}')
_COLON, _OPEN, _ZERO, _NINE, _POINT, _TRUE, _FALSE = (ord(sign) for sign in ":{09.tf")
_BASIS, _PRIME = np.uint64(0xCBF29CE484222325), np.uint64(0x9E3779B97F4A7C15)
_ONE, _HALF = np.uint64(1), np.uint64(32)
_POWERS = np.array([10.0**power for power in range(16)])
"""Powers of ten that a float64 holds exactly: a whole number over one of them is rounded once."""
_EXACT, _WHOLE = 15, 18
"""Digits of a number that float64, and int64, hold exactly."""


class Texts(NamedTuple):
    """The distinct texts of one column in the order in which they were met.

    `table` holds their numbers from 1, 0 where free, by `hashes`; text n is room[ends[n]:ends[n + 1]], and
    `sizes` int64 (2,) says how many texts and bytes there are.
    """

    table: NDArray[np.uint32]
    hashes: NDArray[np.uint64]
    ends: Integers
    room: Bytes
    sizes: Integers


@kernel
def find_values(
    data: Bytes, bodies: Integers, names: tuple[Bytes, Integers], spans: Spans, left: NDArray[np.bool_]
) -> None:
    """Write where each field's value stands in each body, and which bodies are left to the decoder.

    `bodies` (rows + 1,) are where they begin; `names` are those of the fields in their order, and their ends.
    """
    named, ends = names
    for row in range(len(bodies) - 1):
        place, end, field = bodies[row], bodies[row + 1], 0
        going = data[place] == _OPEN
        while going:
            stop = _closing(data, place + 2, end)
            field = _field_at(data, (place + 2, stop), named, ends, field)
            going = stop >= 0 and field >= 0 and data[place + 1] == _QUOTE and data[stop + 1] == _COLON
            if going:
                begin, place = _value_at(data, stop + 2, end)
                spans[0, field, row], spans[1, field, row] = begin, place - (data[begin - 1] == _QUOTE)
                field += 1
                going = place >= 0 and data[place] == _COMMA
        left[row] = place < 0 or place + 1 != end or data[place] != _CLOSE


@inlined
def _closing(data: Bytes, place: int, end: int) -> int:
    """Return where a text ends; -1 where a sign in it is escaped, or it never does."""
    before = bytes_before(word_at(data, place), _QUOTE, _BACKSLASH)
    while before == 8 and place < end:
        place += 8
        before = bytes_before(word_at(data, place), _QUOTE, _BACKSLASH)
    place += before
    return place if place < end and data[np.uint64(place)] == _QUOTE else -1


@inlined
def _field_at(data: Bytes, span: tuple[int, int], names: Bytes, ends: Integers, first: int) -> int:
    """Return which field, from the first on, has the name in the span; -1 for none."""
    length = span[1] - span[0]
    for field in range(first, len(ends) - 1):
        start = ends[field]
        if ends[field + 1] - start == length and are_same(names, start, data, span[0], length):
            return field
    return -1


@inlined
def _value_at(data: Bytes, place: int, end: int) -> tuple[int, int]:
    """Return where a value begins, a text behind its quote, and what follows it stands; -1 if unusual."""
    sign = data[place]
    if sign == _QUOTE:
        stop = _closing(data, place + 1, end)
        return place + 1, (stop + 1 if stop >= 0 else -1)
    if not (_ZERO <= sign <= _NINE or sign in (_TRUE, _FALSE)):
        return place, -1
    stop = place
    before = bytes_before(word_at(data, stop), _COMMA, _CLOSE)
    while before == 8 and stop < end:
        stop += 8
        before = bytes_before(word_at(data, stop), _COMMA, _CLOSE)
    return place, (stop + before if stop + before < end else -1)


@kernel
def number_texts(
    data: Bytes, spans: Spans, texts: Texts, codes: NDArray[np.int32], left: NDArray[np.bool_]
) -> None:
    """Write the number of each row's text, new ones being added to those known; there must be room."""
    table, hashes, ends, room, sizes = texts
    mask = np.uint64(len(table) - 1)
    for row in range(spans.shape[1]):
        start: Whole = np.int64(spans[0, row])
        length: Whole = np.int64(spans[1, row]) - start
        if start < 0 or left[row]:
            continue
        if data[start - 1] != _QUOTE:
            left[row] = True
            continue
        mixed = _mixed(data, start, length)
        at = mixed & mask
        while table[at] != 0:
            number = np.int64(table[at]) - 1
            same = hashes[number] == mixed and ends[number + 1] - ends[number] == length
            if same and are_same(room, ends[number], data, start, length):
                break
            at = (at + _ONE) & mask
        if table[at] == 0:
            number, used = sizes[0], sizes[1]
            room[used : used + length] = data[start : start + length]
            table[at], hashes[number], ends[number + 1] = number + 1, mixed, used + length
            sizes[0], sizes[1] = number + 1, used + length
        codes[row] = np.int32(table[at]) - 1


@inlined
def _mixed(data: Bytes, start: int, length: int) -> np.uint64:
    """Return the bytes of a text mixed into one word."""
    mixed, at = _BASIS ^ np.uint64(length), 0
    while at + 8 <= length:
        mixed = (mixed ^ word_at(data, start + at)) * _PRIME
        mixed ^= mixed >> _HALF
        at += 8
    mixed = (mixed ^ first_bytes(word_at(data, start + at), length - at)) * _PRIME
    return mixed ^ (mixed >> _HALF)


@kernel
def fill_table(texts: Texts) -> None:
    """Enter all texts that are known into an empty table."""
    mask = np.uint64(len(texts.table) - 1)
    for number in range(texts.sizes[0]):
        at = texts.hashes[number] & mask
        while texts.table[at] != 0:
            at = (at + _ONE) & mask
        texts.table[at] = number + 1


@kernel
def read_numbers(
    data: Bytes, spans: Spans, column: NDArray[np.float64], left: NDArray[np.bool_], hard: Integers
) -> int:
    """Write each row's number, a truth as 1 or 0; return how many rows are hard, and need longer reading."""
    size = 0
    for row in range(spans.shape[1]):
        start, stop = np.int64(spans[0, row]), np.int64(spans[1, row])
        if start < 0 or left[row]:
            continue
        sign = data[start]
        whole, behind, sound = _digits(data, start, stop, _EXACT)
        if data[start - 1] != _COLON:
            left[row] = True
        elif sign in (_TRUE, _FALSE):
            column[row] = 1.0 if sign == _TRUE else 0.0
        elif sound:
            column[row] = whole / _POWERS[behind]
        else:
            hard[size] = row
            size += 1
    return size


@kernel
def read_instants(data: Bytes, spans: Spans, column: Integers, left: NDArray[np.bool_]) -> None:
    """Write each row's whole number."""
    for row in range(spans.shape[1]):
        start, stop = np.int64(spans[0, row]), np.int64(spans[1, row])
        if start >= 0 and not left[row]:
            whole, behind, sound = _digits(data, start, stop, _WHOLE)
            left[row] = not sound or behind > 0 or data[start - 1] != _COLON
            column[row] = whole


@inlined
def _digits(data: Bytes, start: Whole, stop: Whole, most: int) -> tuple[Whole, int, bool]:
    """Return digits as a whole number, how many stand behind the point, and whether nothing else does."""
    whole: Whole = 0
    point, seen = -1, 0
    for place in range(start, stop):
        sign: Whole = np.int64(data[np.uint64(place)])
        if sign == _POINT and point < 0:
            point = place
        elif _ZERO <= sign <= _NINE:
            whole, seen = whole * 10 + (sign - _ZERO), seen + 1
        else:
            return 0, 0, False
    return whole, (stop - point - 1 if point >= 0 else 0), 0 < seen <= most
