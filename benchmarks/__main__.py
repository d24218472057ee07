"""Run benchmarks and write docs/benchmarks.md: `python -m benchmarks [NAME …] [--OPTION …]`."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.page import PAGE, made_at, section, write

SECTIONS = {
    "kcs": "Ranking on the Korean customs set",
    "simulated_port": "Ranking on a simulated port",
    "monthly": "Trained again each month",
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


def run_one(name: str, options: list[str]) -> list[dict[str, Any]]:
    """Run one benchmark in a process of its own, with its options, and return its rows."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "rows.json"
        subprocess.run([sys.executable, "-m", f"benchmarks.{name}", "--json", str(out), *options], check=True)
        rows: list[dict[str, Any]] = json.loads(out.read_text(encoding="utf-8"))
    return rows


def asked(arguments: list[str]) -> tuple[list[str], list[str]]:
    """Return the benchmarks that are asked for, all where none is named, and the options after their names.

    Ends the process with help, or on a name that no benchmark has.
    """
    first = next((at for at, word in enumerate(arguments) if word.startswith("-")), len(arguments))
    names, options = arguments[:first], arguments[first:]
    listed = "\n".join(f"  {name:<16} {title}" for name, title in SECTIONS.items())
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        usage="%(prog)s [NAME …] [--OPTION …]",
        description="Run the named benchmarks, or all (hours), and write docs/benchmarks.md.",
        epilog=f"benchmarks:\n{listed}\n\noptions of one: python -m benchmarks.NAME --help",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    if {"-h", "--help"} & set(options):
        parser.parse_args(["--help"])
    unknown = [name for name in names if name not in SECTIONS]
    if unknown:
        parser.error(f"there is no benchmark {', '.join(unknown)}; there are: {', '.join(SECTIONS)}")
    return names or list(SECTIONS), options


def main() -> int:
    """Run the named benchmarks, or all; one that fails is said and does not stop the others.

    Options after the names go to each of them, and stand in its section.
    """
    failed = []
    names, options = asked(sys.argv[1:])
    for name in names:
        print(f"benchmark {name} …", flush=True)
        try:
            commit = made_at()
            rows = run_one(name, options)
            write(section(name, SECTIONS[name], rows, options, commit), list(SECTIONS))
        except (subprocess.CalledProcessError, OSError, ValueError) as error:
            failed.append(name)
            print(f"benchmark {name} failed: {error}", file=sys.stderr)
    print(f"written: {PAGE}" + (f"; failed: {', '.join(failed)}" if failed else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
