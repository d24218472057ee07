"""Rows of Parquet files, a batch of columns at a time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from features.errors import UnreadableFile
from features.importing.source import Numbered, Source, checked_columns

_BATCH = 4_096


def open_parquet(path: Path, zone: dt.tzinfo) -> Source:
    """Open a Parquet file; its timestamps become microseconds, naive ones read in `zone`."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
    except (OSError, pa.ArrowException) as error:
        raise UnreadableFile(f"{path}: {error}", value=str(path)) from error
    try:
        columns = checked_columns(path, list(file.schema_arrow.names))
    except UnreadableFile:
        file.close()
        raise
    done = [0]
    rows = _parquet_rows(path, file, zone, done)
    return Source(columns, rows, file.metadata.num_rows, lambda: done[0], file.close)


def _parquet_rows(path: Path, file: Any, zone: dt.tzinfo, done: list[int]) -> Iterator[Numbered]:
    import pyarrow as pa

    try:
        for batch in file.iter_batches(batch_size=_BATCH):
            names = _filled(batch) or batch.schema.names[:1]
            columns = [_plain(batch.column(name), zone) for name in names]
            for values in zip(*columns, strict=True):
                done[0] += 1
                yield done[0], dict(zip(names, values, strict=True))
    except (OSError, pa.ArrowException) as error:
        raise UnreadableFile(
            f"{path}: cannot be read after row {done[0]} ({error})", value=str(path)
        ) from error


def _filled(batch: Any) -> list[str]:
    pairs = zip(batch.schema.names, batch.columns, strict=True)
    return [name for name, column in pairs if column.null_count < len(column)]


def _plain(column: Any, zone: dt.tzinfo) -> list[Any]:
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_timestamp(column.type):
        if column.type.tz is None:
            column = pc.assume_timezone(column, str(zone), ambiguous="earliest", nonexistent="latest")
        column = pc.cast(column, pa.timestamp("us", "UTC"), safe=False).cast(pa.int64())
    values: list[Any] = column.to_pylist()
    return values
