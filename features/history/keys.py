"""Keys of entities: 64 bits of direction, entity and values, and 64 more that find a collision out."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from itertools import chain, repeat
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from xxhash import xxh3_64_intdigest

from features.coded import Coded
from features.entities import ENTITIES, OPTIONAL_COLUMNS, TALLIES
from features.kernel import inlined, kernel
from features.lines import Lines
from features.terms import Direction

Integers: TypeAlias = NDArray[np.int64]
Hashes: TypeAlias = NDArray[np.uint64]

Texts: TypeAlias = Sequence[str | None] | NDArray[Any] | Coded
"""Texts, None where missing: an object array, a list, or the distinct ones with codes."""

HASH_SEED = 20
CHECK_SEED = 21
BOTH_SEEDS = (HASH_SEED, CHECK_SEED)
"""Seeds of the key and of its independent check."""

KEY_COLUMNS: tuple[str, ...] = tuple(dict.fromkeys(column for key in ENTITIES.values() for column in key))
"""The line columns that make keys."""

DIRECTIONS: tuple[str, ...] = tuple(Direction)
_FEW = 64
_MOST_REMEMBERED = 1 << 16
_FIRST, _SECOND = np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53)
_SHIFT = np.uint64(33)
_ZERO, _ONE = np.uint64(0), np.uint64(1)
_ABSENT = np.uint64(0x9E3779B97F4A7C15)


class Hashed(NamedTuple):
    """Rows as hashes of their key columns: uint64 (rows, columns), 0 where missing; direction as 0 or 1."""

    values: Hashes
    checks: Hashes
    direction: Integers


class KeySpec(NamedTuple):
    """How the keys of some entities are mixed.

    `columns` int64 (entities, widest) are positions in KEY_COLUMNS, -1 behind the last; `optional` uint8 says
    which columns may be missing; `seeds` and `check_seeds` are uint64 (entities, directions).
    """

    columns: Integers
    optional: NDArray[np.uint8]
    seeds: Hashes
    check_seeds: Hashes


@lru_cache(maxsize=64)
def key_spec(entities: tuple[str, ...]) -> KeySpec:
    """Return how the keys of `entities` are mixed, in their order."""
    widest = max(1, *(len(ENTITIES[entity]) for entity in entities))
    columns = np.full((len(entities), widest), -1, dtype=np.int64)
    for row, entity in enumerate(entities):
        for place, column in enumerate(ENTITIES[entity]):
            columns[row, place] = KEY_COLUMNS.index(column)
    optional = np.array([column in OPTIONAL_COLUMNS for column in KEY_COLUMNS], dtype=np.uint8)
    return KeySpec(columns, optional, _seeds(entities, HASH_SEED), _seeds(entities, CHECK_SEED))


def tally_spec(tally: str) -> KeySpec:
    """Return how the keys of a tally's entities are mixed."""
    return key_spec(TALLIES[tally].entities)


def _seeds(entities: tuple[str, ...], seed: int) -> Hashes:
    rows = [[hash_text(f"{direction}/{entity}", seed) for direction in DIRECTIONS] for entity in entities]
    return np.array(rows, dtype=np.uint64)


def hash_text(text: str, seed: int = HASH_SEED) -> int:
    """Return 64 bits of a text, never 0."""
    return xxh3_64_intdigest(text.encode("utf-8", "surrogatepass"), seed) or 1


class _Remembered(dict[str | None, bytes]):
    """Hashes of texts by one seed, as they lie in an array: a port's codes come again and again."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._seed = seed

    def __missing__(self, text: str | None) -> bytes:
        found = (0 if text is None else hash_text(text, self._seed)).to_bytes(8, sys.byteorder)
        if len(self) >= _MOST_REMEMBERED:
            self.clear()
        self[text] = found
        return found


REMEMBERED = {seed: _Remembered(seed) for seed in BOTH_SEEDS}
"""Hashes of the texts seen last, by seed."""


def hash_texts(texts: Texts, seeds: tuple[int, ...] = (HASH_SEED,)) -> list[Hashes]:
    """Return, for each seed, 64 bits of each text, 0 where it is None."""
    if not isinstance(texts, Coded):
        if len(texts) < _FEW:
            return list(_hash_few(texts, seeds).reshape(len(seeds), len(texts)))
        texts = Coded.of(texts)
    return [texts.spread(texts.of_values(_HASHING[seed]), 0) for seed in seeds]


def hash_distinct(texts: NDArray[np.object_], seed: int) -> Hashes:
    """Return 64 bits of each text, none of them missing, as `hash_text` does."""
    encoded = (text.encode("utf-8", "surrogatepass") for text in texts)
    digests = np.fromiter(map(xxh3_64_intdigest, encoded, repeat(seed)), np.uint64, len(texts))
    return np.maximum(digests, _ONE)


_HASHING = {seed: partial(hash_distinct, seed=seed) for seed in BOTH_SEEDS}


def hash_lines(lines: Lines) -> Hashed:
    """Hash the key columns of declaration lines, for queries; their checks stay empty."""
    texts = lines.__getitem__ if len(lines) < _FEW else lines.coded
    values = _hash_columns([texts(name) for name in KEY_COLUMNS], len(lines), (HASH_SEED,))[0]
    return Hashed(values, np.empty((0, 0), dtype=np.uint64), directions_of(texts("direction")))


def hash_columns(columns: Mapping[str, Texts], direction: Texts) -> Hashed:
    """Hash key columns, with checks, for rows to be counted; a column not given is missing throughout."""
    chosen = [columns.get(name) for name in KEY_COLUMNS]
    values, checks = _hash_columns(chosen, len(direction), (HASH_SEED, CHECK_SEED))
    return Hashed(values, checks, directions_of(direction))


def _hash_columns(columns: Sequence[Texts | None], rows: int, seeds: tuple[int, ...]) -> NDArray[np.uint64]:
    """Return uint64 (seeds, rows, columns)."""
    if rows < _FEW:
        missing: Texts = [None] * rows
        few = [_plain(missing if column is None else column) for column in columns]
        texts = list(chain.from_iterable(zip(*few, strict=True)))
        return _hash_few(texts, seeds).reshape(len(seeds), rows, len(few))
    hashed = np.zeros((len(seeds), rows, len(columns)), dtype=np.uint64)
    for place, column in enumerate(columns):
        if column is not None:
            for target, source in zip(hashed, hash_texts(column, seeds), strict=True):
                target[:, place] = source
    return hashed


def _hash_few(texts: Sequence[str | None] | NDArray[Any], seeds: tuple[int, ...]) -> Hashes:
    """Return the texts' hashes by one seed after the other: numbers would first have to be told apart."""
    told = (map(REMEMBERED[seed].__getitem__, texts) for seed in seeds)
    return np.frombuffer(bytearray().join(chain.from_iterable(told)), dtype=np.uint64)


def _plain(texts: Texts) -> Sequence[str | None] | NDArray[Any]:
    return texts.texts() if isinstance(texts, Coded) else texts


def directions_of(direction: Texts) -> Integers:
    """Return 0 for imports and 1 for exports."""
    if isinstance(direction, Coded):
        return direction.spread(directions_of(direction.values), 0)
    return np.array([each == Direction.EXPORT for each in direction], dtype=np.int64)


@kernel
def key_of(spec: KeySpec, hashed: Hashed, row: int, entity: int) -> np.uint64:
    """Return one entity's key in one row; 0 where the row names no such entity."""
    seed = spec.seeds[entity, hashed.direction[row]]
    return _mix(seed, spec.columns, spec.optional, hashed.values, (row, entity))


@kernel
def check_of(spec: KeySpec, hashed: Hashed, row: int, entity: int) -> np.uint64:
    """Return the check of one entity's key in one row."""
    seed = spec.check_seeds[entity, hashed.direction[row]]
    return _mix(seed, spec.columns, spec.optional, hashed.checks, (row, entity))


@inlined
def _mix(
    seed: np.uint64, columns: Integers, optional: NDArray[np.uint8], values: Hashes, cell: tuple[int, int]
) -> np.uint64:
    """Mix the hashes of an entity's columns into 64 bits; 0 where one that is needed is missing.

    Positions are unsigned: those that may count from the end take four times as long.
    """
    row, entity = np.uint64(cell[0]), np.uint64(cell[1])
    key, named = seed, True
    place, widest = _ZERO, np.uint64(columns.shape[1])
    while place < widest and columns[entity, place] >= 0:
        column = np.uint64(columns[entity, place])
        value = values[row, column]
        if value == _ZERO:
            named = named and optional[column] != 0
            value = _ABSENT
        key = key ^ value
        key = (key ^ (key >> _SHIFT)) * _FIRST
        key = (key ^ (key >> _SHIFT)) * _SECOND
        key = key ^ (key >> _SHIFT)
        place += _ONE
    return max(key, _ONE) if named else _ZERO


@kernel
def entity_keys(
    spec: KeySpec, hashed: Hashed, rows: Integers, entity: int, found: tuple[Hashes, Hashes]
) -> None:
    """Write one entity's keys and their checks in `rows`."""
    columns, optional, direction = spec.columns, spec.optional, hashed.direction
    seeds, check_seeds = spec.seeds[entity], spec.check_seeds[entity]
    values, checks = hashed.values, hashed.checks
    keys, key_checks = found
    for place in range(len(rows)):
        cell = (rows[place], entity)
        keys[place] = _mix(seeds[direction[cell[0]]], columns, optional, values, cell)
        key_checks[place] = _mix(check_seeds[direction[cell[0]]], columns, optional, checks, cell)


@lru_cache(maxsize=8)
def tally_places(tally: str) -> NDArray[np.intp]:
    """Return where a tally's entities stand among all."""
    names = list(ENTITIES)
    return np.array([names.index(entity) for entity in TALLIES[tally].entities], dtype=np.intp)


class KeyedLines:
    """The keys of the lines that were last asked about, of every entity, made once for all tallies."""

    def __init__(self) -> None:
        self._last: tuple[Lines, Hashes] | None = None

    def of(self, tally: str, lines: Lines) -> Hashes:
        """Return the keys of a tally's entities for every line: uint64 (lines, entities)."""
        last = self._last
        if last is None or last[0] is not lines:
            last = self._last = (lines, all_keys(key_spec(tuple(ENTITIES)), hash_lines(lines)))
        return last[1].take(tally_places(tally), axis=1)


def all_keys(spec: KeySpec, hashed: Hashed) -> Hashes:
    """Return the keys of every entity for every row: uint64 (rows, entities)."""
    keys = np.empty((len(hashed.direction), len(spec.seeds)), dtype=np.uint64)
    _fill_keys(spec, hashed, keys)
    return keys


@kernel
def _fill_keys(spec: KeySpec, hashed: Hashed, keys: Hashes) -> None:
    columns, optional, seeds = spec.columns, spec.optional, spec.seeds
    values, direction = hashed.values, hashed.direction
    for row in range(len(direction)):
        for entity in range(len(seeds)):
            keys[row, entity] = _mix(seeds[entity, direction[row]], columns, optional, values, (row, entity))
