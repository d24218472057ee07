"""Keys of entities: 64 bits of direction, entity and values, and 64 more that find a collision out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from xxhash import xxh3_64_intdigest

from features.entities import ENTITIES, OPTIONAL_COLUMNS, TALLIES
from features.history.kernel import kernel
from features.lines import Lines
from features.terms import Direction

Integers: TypeAlias = NDArray[np.int64]
Hashes: TypeAlias = NDArray[np.uint64]

Texts: TypeAlias = Sequence[str | None] | NDArray[Any]
"""Texts, None where missing: an object array or a list."""

HASH_SEED = 20
CHECK_SEED = 21
"""Seeds of the key and of its independent check."""

KEY_COLUMNS: tuple[str, ...] = tuple(dict.fromkeys(column for key in ENTITIES.values() for column in key))
"""The line columns that make keys."""

DIRECTIONS: tuple[str, ...] = tuple(Direction)
_SCALAR_ROWS = 64
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


def hash_texts(texts: Texts, seed: int = HASH_SEED) -> Hashes:
    """Return 64 bits of each text, 0 where it is None."""
    if len(texts) < _SCALAR_ROWS:
        return np.array([0 if text is None else hash_text(text, seed) for text in texts], dtype=np.uint64)
    codes, uniques = pd.factorize(np.asarray(texts, dtype=object))
    hashes = np.array([hash_text(text, seed) for text in uniques] + [0], dtype=np.uint64)
    return hashes[codes]


def hash_lines(lines: Lines) -> Hashed:
    """Hash the key columns of declaration lines, for queries; their checks stay empty."""
    rows = len(lines)
    if rows < _SCALAR_ROWS:
        columns = [lines[name].tolist() for name in KEY_COLUMNS]
        cells = [0 if text is None else hash_text(text) for column in columns for text in column]
        values = np.array(cells, dtype=np.uint64).reshape(len(KEY_COLUMNS), rows).T
    else:
        values = np.empty((rows, len(KEY_COLUMNS)), dtype=np.uint64)
        for place, name in enumerate(KEY_COLUMNS):
            values[:, place] = hash_texts(lines[name])
    return Hashed(
        np.ascontiguousarray(values), np.empty((0, 0), dtype=np.uint64), directions_of(lines["direction"])
    )


def hash_columns(
    columns: Mapping[str, Sequence[str | None] | NDArray[Any]], direction: Sequence[str]
) -> Hashed:
    """Hash key columns, with checks, for rows to be counted; a column not given is missing throughout."""
    rows = len(direction)
    values = np.zeros((rows, len(KEY_COLUMNS)), dtype=np.uint64)
    checks = np.zeros_like(values)
    for place, name in enumerate(KEY_COLUMNS):
        if name in columns:
            codes, uniques = pd.factorize(np.asarray(columns[name], dtype=object))
            values[:, place] = _digests(uniques, HASH_SEED)[codes]
            checks[:, place] = _digests(uniques, CHECK_SEED)[codes]
    return Hashed(values, checks, directions_of(direction))


def _digests(uniques: Any, seed: int) -> Hashes:
    return np.array([hash_text(text, seed) for text in uniques] + [0], dtype=np.uint64)


def directions_of(direction: Sequence[str] | NDArray[Any]) -> Integers:
    """Return 0 for imports and 1 for exports."""
    return np.array([each == Direction.EXPORT for each in direction], dtype=np.int64)


@kernel
def mix(seed: np.uint64, columns: Integers, optional: NDArray[np.uint8], values: Hashes) -> np.uint64:
    """Mix the hashes of an entity's columns into its key; 0 where the row names no such entity."""
    key = seed
    for column in columns:
        if column < 0:
            break
        value = values[column]
        if value == _ZERO:
            if optional[column] == 0:
                return _ZERO
            value = _ABSENT
        key = key ^ value
        key = (key ^ (key >> _SHIFT)) * _FIRST
        key = (key ^ (key >> _SHIFT)) * _SECOND
        key = key ^ (key >> _SHIFT)
    return key if key != _ZERO else _ONE


@kernel
def entity_keys(spec: KeySpec, hashed: Hashed, rows: Integers, entity: int, keys: Hashes) -> None:
    """Write the keys of one entity for `rows` into `keys`."""
    for place in range(len(rows)):
        row = rows[place]
        seed = spec.seeds[entity, hashed.direction[row]]
        keys[place] = mix(seed, spec.columns[entity], spec.optional, hashed.values[row])


@kernel
def entity_checks(spec: KeySpec, hashed: Hashed, rows: Integers, entity: int, checks: Hashes) -> None:
    """Write the checks of one entity's keys for `rows` into `checks`."""
    for place in range(len(rows)):
        row = rows[place]
        seed = spec.check_seeds[entity, hashed.direction[row]]
        checks[place] = mix(seed, spec.columns[entity], spec.optional, hashed.checks[row])


@kernel
def all_keys(spec: KeySpec, hashed: Hashed) -> Hashes:
    """Return the keys of every entity for every row: uint64 (rows, entities)."""
    rows, entities = len(hashed.direction), len(spec.seeds)
    keys = np.empty((rows, entities), dtype=np.uint64)
    for row in range(rows):
        for entity in range(entities):
            seed = spec.seeds[entity, hashed.direction[row]]
            keys[row, entity] = mix(seed, spec.columns[entity], spec.optional, hashed.values[row])
    return keys
