"""Writes record files: plain text columns, in chunks, with the same bytes every time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from tqdm import tqdm

from training.progress import SILENT, Progress

CHUNK = 100_000


def write_table(path: Path, table: Any, progress: Progress = SILENT) -> int:
    """Write `table` as Parquet, coded columns as text; returns its rows."""
    schema = pa.schema([pa.field(field.name, _plain(field.type)) for field in table.schema])
    bar = tqdm(
        total=table.num_rows,
        desc=path.stem,
        unit="row",
        file=progress.stream,
        disable=progress.stream is None,
    )
    with pq.ParquetWriter(path, schema, compression="zstd", compression_level=1) as writer, bar:
        for start in range(0, table.num_rows, CHUNK):
            part = table.slice(start, CHUNK)
            writer.write_table(part.cast(schema))
            bar.update(part.num_rows)
    return int(table.num_rows)


def _plain(kind: Any) -> Any:
    return kind.value_type if pa.types.is_dictionary(kind) else kind
