"""Run benchmarks and write docs/benchmarks.md: `python -m benchmarks [NAME …] [--OPTION …]`."""

from __future__ import annotations

import datetime as dt
import importlib.metadata
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
SECTIONS = {
    "kcs": "Ranking on the Korean customs set",
    "simulated_port": "Ranking on a simulated port",
    "gap": "Where the rest of the gap lies",
    "rivals": "Other learners on the same features",
    "training_cost": "What a training costs beside its fit",
    "selection_bias": "Labels of chosen lines on simulated ports",
    "grading": "Hazards and grades on a simulated port",
    "goods_names": "What declared names add",
    "cn_sampling": "Chinese market sampling",
    "poisoning": "Lies in the labels",
    "tree_shap": "Exact explanations",
    "serving_cost": "What an explained score costs a server",
    "history": "Point-in-time history",
    "import_speed": "Reading records",
    "simulator_speed": "Simulating a port",
    "text_quality": "Understanding texts",
    "text_hazards": "Hazards in texts",
    "text_speed": "Cutting texts into words",
    "text_port": "Understanding a port's opinions",
    "opinion_value": "What opinions add",
    "announced_limit": "What opinions could add at best",
}
PACKAGES = "lightgbm shap numba numpy pandas polars duckdb sqlalchemy scikit-learn jieba"
VERSIONS = tuple(PACKAGES.split())
HEAD = """# Benchmarks

Written by `make bench`; one section by `python -m benchmarks NAME`. Ours and the peer run in the
same command, one after the other. Speed is CPU time, and what counts is the ratio: machines are
noisy. Every figure of quality comes from data later than its training.
"""


def run_one(name: str, options: list[str]) -> list[dict[str, Any]]:
    """Run one benchmark in a process of its own, with its options, and return its rows."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "rows.json"
        subprocess.run([sys.executable, "-m", f"benchmarks.{name}", "--json", str(out), *options], check=True)
        rows: list[dict[str, Any]] = json.loads(out.read_text(encoding="utf-8"))
    return rows


def cell(value: object) -> str:
    """Write a figure with four significant digits, text as it is."""
    return (
        f"{value:,.4g}" if isinstance(value, float) else str("" if value is None else value).replace("|", "/")
    )


def section(name: str, rows: list[dict[str, Any]], options: list[str]) -> str:
    """Lay a benchmark's rows out as a table, with when and on what it ran."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    versions = ", ".join(f"{package} {importlib.metadata.version(package)}" for package in VERSIONS)
    with_options = f"; run with `{' '.join(options)}`" if options else ""
    lines = [
        f"<!-- {name} -->",
        f"## {SECTIONS[name]}",
        "",
        f"{dt.datetime.now(dt.UTC):%Y-%m-%d}, {os.cpu_count()} cores ({platform.machine()}), Python "
        f"{platform.python_version()}, {versions}{with_options}.",
        "",
        "| " + " | ".join(columns) + " |",
        "|" + "---|" * len(columns),
        *("| " + " | ".join(cell(row.get(column)) for column in columns) + " |" for row in rows),
        f"<!-- end {name} -->",
    ]
    return "\n".join(lines)


def write(name: str, text: str) -> None:
    """Put a section in its place on the page, leaving the others alone."""
    page = PAGE.read_text(encoding="utf-8") if PAGE.exists() else HEAD
    pattern = re.compile(rf"<!-- {name} -->.*?<!-- end {name} -->", re.DOTALL)
    replaced, count = pattern.subn(lambda _: text, page)
    PAGE.write_text(replaced if count else f"{page.rstrip()}\n\n{text}\n", encoding="utf-8")


def main() -> int:
    """Run the named benchmarks, or all; one that fails is said and does not stop the others.

    Options after the names go to each of them, and stand in its section.
    """
    failed = []
    arguments = sys.argv[1:]
    first = next((at for at, word in enumerate(arguments) if word.startswith("-")), len(arguments))
    options = arguments[first:]
    for name in arguments[:first] or SECTIONS:
        print(f"benchmark {name} …", flush=True)
        try:
            write(name, section(name, run_one(name, options), options))
        except (subprocess.CalledProcessError, OSError, ValueError) as error:
            failed.append(name)
            print(f"benchmark {name} failed: {error}", file=sys.stderr)
    print(f"written: {PAGE}" + (f"; failed: {', '.join(failed)}" if failed else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
