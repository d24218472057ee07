"""The files that `customs-risk score` writes: what may stand where, and nothing half written stays."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from serving.errors import CannotWrite

_ENDINGS = (".parquet", ".pq")


def check_written(source: Path, out: Path, others: dict[str, Path | None]) -> None:
    """Raise CannotWrite where scores, or what goes beside them, would not come to stand as asked for.

    `others` are further files to be written, by the option that names them. None may be the source, the
    scores or one another.
    """
    taken = {_place(source): "the file to score"}
    for option, path in {"--out": out, **others}.items():
        if path is None:
            continue
        if path.is_dir():
            raise CannotWrite(f"{option} {path} is a folder", f"{option} {path} 是文件夹")
        if option == "--out" and path.suffix.lower() not in _ENDINGS:
            raise CannotWrite(
                f"--out {path}: scores are written as Parquet", f"--out {path}：评分结果为 Parquet 格式"
            )
        if option == "--out" and not os.access(path.parent, os.W_OK | os.X_OK):
            raise CannotWrite(
                f"{option} {path}: {_why(path.parent)}", f"{option} {path}：{path.parent} 不可写入"
            )
        other = taken.setdefault(_place(path), option)
        if other != option:
            raise CannotWrite(
                f"{option} {path} is {other}, too", f"{option} {path} 与其他文件（{other}）相同"
            )


@contextmanager
def written(out: Path) -> Iterator[Path]:
    """Lend a file beside `out` to write; it takes its place once all is written, else it is removed."""
    partial = out.with_name(f".{out.name}.partial")
    try:
        yield partial
        partial.replace(out)
    finally:
        partial.unlink(missing_ok=True)


def _place(path: Path) -> tuple[int, int] | Path:
    """Return what two names of one file share: hard links and letters of another case, too."""
    try:
        found = path.stat()
    except OSError:
        return path.resolve()
    return found.st_dev, found.st_ino


def _why(folder: Path) -> str:
    return f"{folder} cannot be written to" if folder.is_dir() else f"there is no folder {folder}"
