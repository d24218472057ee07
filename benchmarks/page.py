"""The page of figures: a head, the sections' titles, and each section as its benchmark wrote it last."""

from __future__ import annotations

import datetime as dt
import importlib.metadata
import math
import os
import platform
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tools.docs import anchor

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "benchmarks.md"
PACKAGES = "lightgbm shap numba numpy pandas polars duckdb sqlalchemy scikit-learn jieba"
VERSIONS = tuple(PACKAGES.split())
HEAD = """# Benchmarks

Written by `make bench`; one section by `python -m benchmarks NAME`. Ours and the peer run in the same
command, on the same machine, in turns or one after the other, unless the note names a published figure or an
ideal. Speed is CPU time, and what counts is the ratio: machines are noisy. Every figure of quality comes from
data later than its training, but for the texts, which are read by folds. A section names the commit at which
it was made; one that names none was made before sections did.

Some sections read public data sets that are not shipped. `benchmarks/data.py` says which, and where they are
looked for: in the folder that `BENCHMARK_DATA` names, else in the project's own `var/data`.
"""
SECTION = re.compile(r"<!-- (\w+) -->\n## (.*?)\n.*?<!-- end \1 -->", re.DOTALL)


def made_at() -> str:
    """Return the commit at which a benchmark is run, and whether code differed from it; "" outside of git."""
    try:
        commit = _git("rev-parse", "--short", "HEAD").strip()
        changed = _git("status", "--porcelain", "--", ".", ":!docs")
    except (OSError, subprocess.CalledProcessError):
        return ""
    return f"commit {commit}" + (" with changes" if changed else "")


def section(name: str, title: str, rows: Sequence[dict[str, Any]], options: list[str], commit: str) -> str:
    """Lay a benchmark's rows out as a table, with when, at which commit and on what it ran."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    told = [f"{dt.datetime.now(dt.UTC):%Y-%m-%d}", commit, f"{os.cpu_count()} cores ({platform.machine()})"]
    told += [f"Python {platform.python_version()}"]
    told += [f"{package} {importlib.metadata.version(package)}" for package in VERSIONS]
    shown = _shown(options)
    with_options = f"; run with `{' '.join(shown)}`" if shown else ""
    lines = [
        f"<!-- {name} -->",
        f"## {title}",
        "",
        f"{', '.join(part for part in told if part)}{with_options}.",
        "",
        "| " + " | ".join(columns) + " |",
        "|" + "---|" * len(columns),
        *("| " + " | ".join(cell(row.get(column)) for column in columns) + " |" for row in rows),
        f"<!-- end {name} -->",
    ]
    return "\n".join(lines)


def _shown(options: Sequence[str]) -> list[str]:
    """Return the options without the folder a benchmark works in, which bears on no figure."""
    folders = {at + step for at, word in enumerate(options) if word == "--work" for step in (0, 1)}
    return [word for at, word in enumerate(options) if at not in folders]


def cell(value: object) -> str:
    """Write a figure with four significant digits, text as it is, nothing for what has no value."""
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:,.4g}"
    return "" if value is None else str(value).replace("|", "/")


def with_section(page: str, text: str, order: Sequence[str]) -> str:
    """Return the page with a section in its place, the others as they are, under the titles of all."""
    found = {match[1]: match for match in SECTION.finditer(f"{page}\n{text}")}
    names = sorted(found, key=lambda name: order.index(name) if name in order else len(order))
    titles = [f"- [{found[name][2]}](#{anchor(found[name][2])})" for name in names]
    return "\n".join([HEAD, *titles, "", "\n\n".join(found[name][0] for name in names), ""])


def write(text: str, order: Sequence[str]) -> None:
    """Put a section on the page, whose sections stand in this order of names."""
    page = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    PAGE.write_text(with_section(page, text, order), encoding="utf-8")


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True).stdout
