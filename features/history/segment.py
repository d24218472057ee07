"""Segments: what was counted, as a folder of arrays that processes map and share.

A segment is written beside the present one and taken up by replacing the file CURRENT, which names it.
Whatever is damaged, made by other code or of another store is refused, and the history is counted anew.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray
from xxhash import xxh3_64, xxh3_64_hexdigest

from features.entities import ENTITIES, OPTIONAL_COLUMNS, TALLIES
from features.history.errors import UnusableSegment
from features.history.keys import CHECK_SEED, HASH_SEED
from features.history.level import Level
from features.history.merge import fill_merge, merged_shapes, plan_merge
from features.history.parties import PartyRows, parties_of
from features.history.standing import Standing
from features.history.state import TallyState
from features.instants import DAY, Instant
from features.values import rates_in_force

FORMAT = 1
"""Raised whenever the arrays, or how anything is counted, change."""

CHECKED_BYTES = 64 << 20
"""Arrays up to this size are read through and compared at opening, of larger ones those that index others."""

_INDEXING = ("blocks", "offsets", "corrected")
_MAPPED_BYTES = 1 << 16
_CURRENT = "CURRENT"
_MANIFEST = "manifest.json"
_STREAMED = ("keys", "checks", "offsets", "born", "sequence", "sums", "corrected")


class FileEntry(msgspec.Struct, frozen=True):
    """Size and checksum of one file of a segment."""

    bytes: int
    xxh3: str


class Manifest(msgspec.Struct, frozen=True):
    """What a segment holds: all up to `sequence`, whose revision has the hash `anchor`, by `declarations`.

    `rates` is the fingerprint of the exchange rates by which its prices were summed.
    """

    format: int
    sequence: int
    watermark: Instant
    anchor: str
    declarations: str
    files: dict[str, FileEntry]
    rates: str = ""


def declarations() -> str:
    """Return a fingerprint of all that a segment's numbers depend on besides records and exchange rates."""
    told = (ENTITIES, sorted(OPTIONAL_COLUMNS), TALLIES, HASH_SEED, CHECK_SEED)
    return xxh3_64_hexdigest(repr(told).encode())


def rates_until(watermark: Instant) -> str:
    """Return the fingerprint of the exchange rates in force that value what was visible by `watermark`.

    A rate of a later day leaves it as it is, so that the next month's notice costs nothing.
    """
    return rates_in_force().fingerprint(watermark + DAY)  # a day more than clocks may be ahead


def current(folder: Path) -> Path | None:
    """Return the segment in use under `folder`, or None when none was written yet."""
    try:
        return folder / (folder / _CURRENT).read_text("utf-8").strip()
    except FileNotFoundError:
        return None


def make_current(segment: Path) -> None:
    """Let a finished segment be the one in use, at once for all who open from now on."""
    pointer = segment.parent / f"{_CURRENT}.{os.getpid()}"
    with pointer.open("w", encoding="utf-8") as file:
        file.write(segment.name)
        file.flush()
        os.fsync(file.fileno())
    pointer.replace(segment.parent / _CURRENT)


def write_segment(segment: Path, standing: Standing, anchor: str) -> None:
    """Write what a standing counts to the folder `segment`, merging its levels; raises OSError."""
    for tally, state in standing.tallies.items():
        _write_tally(segment, tally, state.settled())
    for name, column in zip(PartyRows._fields, standing.party_rows, strict=True):
        np.save(segment / f"party.{name}.npy", column)
    np.save(segment / "waiting.npy", np.array(sorted(standing.waiting), dtype=np.uint64))
    seal(segment, standing.sequence, standing.watermark, anchor)


def seal(segment: Path, sequence: int, watermark: Instant, anchor: str) -> None:
    """Write the manifest of the arrays in a segment's folder: only with it the segment counts."""
    files = {path.name: _entry(path) for path in sorted(segment.glob("*.npy"))}
    rates = rates_until(watermark)
    manifest = Manifest(FORMAT, sequence, watermark, anchor, declarations(), files, rates)
    (segment / _MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(manifest)))
    _entry(segment / _MANIFEST)


def read_manifest(segment: Path) -> Manifest:
    """Read a segment's manifest; raises UnusableSegment unless it is ours, of this code and these rates."""
    try:
        manifest = msgspec.json.decode((segment / _MANIFEST).read_bytes(), type=Manifest)
    except (OSError, msgspec.MsgspecError) as error:
        raise UnusableSegment(f"{segment} has no readable manifest: {error}.") from error
    if manifest.format != FORMAT or manifest.declarations != declarations():
        raise UnusableSegment(f"{segment} was counted by other declarations or another format.")
    if manifest.rates != rates_until(manifest.watermark):
        raise UnusableSegment(f"{segment} was counted at other exchange rates.")
    return manifest


def read_segment(segment: Path, manifest: Manifest) -> Standing:
    """Map a segment; raises UnusableSegment where a file is missing, of another size or damaged."""
    for name, entry in manifest.files.items():
        _check(segment / name, entry)
    try:
        tallies = {tally: TallyState.of(tally, _read_level(segment, tally)) for tally in TALLIES}
        rows = PartyRows._make(np.load(segment / f"party.{name}.npy") for name in PartyRows._fields)
        waiting = frozenset(np.load(segment / "waiting.npy").tolist())
    except (OSError, ValueError, EOFError) as error:
        raise UnusableSegment(f"{segment} cannot be mapped: {error}.") from error
    parties = parties_of(rows)
    return Standing(manifest.sequence, manifest.watermark, tallies, rows, parties, waiting, mapped=True)


def _write_tally(segment: Path, tally: str, state: TallyState) -> None:
    base, rest = state.levels[0], state.tail()
    level, mapped = (base if len(base.keys) else rest), set[str]()
    if len(base.keys) and len(rest.keys):
        plan = plan_merge(base, rest)
        room = {}
        for name, (shape, dtype) in merged_shapes(base, rest, plan).items():
            path = segment / f"{tally}.{name}.npy"
            if name in _STREAMED and shape[0]:
                room[name] = np.lib.format.open_memmap(path, "w+", dtype, shape).view(np.ndarray)
                mapped.add(name)
            else:
                room[name] = np.empty(shape, dtype)
        level = fill_merge(base, rest, plan, Level(**room))
    for name, column in zip(Level._fields, level, strict=True):
        if name not in mapped:
            np.save(segment / f"{tally}.{name}.npy", column)


def _read_level(segment: Path, tally: str) -> Level:
    arrays = [_array(segment / f"{tally}.{name}.npy") for name in Level._fields]
    level = Level(*arrays)
    sizes = (len(level.keys), len(level.born), len(level.c_born))
    told = (len(level.offsets) - 1, level.offsets[-1], level.corrected[-1])
    blocks = len(TALLIES[tally].entities) + 1
    if sizes != told or len(level.blocks) != blocks or level.blocks[-1] != sizes[0]:
        raise UnusableSegment(f"{segment}: the arrays of {tally} do not fit together.")
    return level


def _array(path: Path) -> NDArray[Any]:
    mode: Literal["r"] | None = "r" if path.stat().st_size > _MAPPED_BYTES else None
    array: NDArray[Any] = np.load(path, mmap_mode=mode).view(np.ndarray)
    array.flags.writeable = False
    return array


def _entry(path: Path) -> FileEntry:
    """Force a file to the disk and return its size and checksum."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
    return FileEntry(path.stat().st_size, _checksum(path))


def _checksum(path: Path) -> str:
    digest = xxh3_64()
    with path.open("rb") as file:
        while piece := file.read(1 << 22):
            digest.update(piece)
    return digest.hexdigest()


def _check(path: Path, entry: FileEntry) -> None:
    try:
        size = path.stat().st_size
        indexing = path.name.split(".")[1] in _INDEXING
        sound = size == entry.bytes
        if sound and (size <= CHECKED_BYTES or indexing):
            sound = _checksum(path) == entry.xxh3
    except OSError as error:
        raise UnusableSegment(f"{path} cannot be read: {error}.") from error
    if not sound:
        raise UnusableSegment(f"{path} is damaged: it has not the size or checksum that it was written with.")
