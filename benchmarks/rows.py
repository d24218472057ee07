"""A section's rows: how one is laid out, and how all are shown and handed to the page."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


def row(benchmark: str, ours: float | None, peer: float | None, note: str) -> dict[str, Any]:
    """Lay out a figure of ours beside a peer's; None where there is none, and no ratio to nothing."""
    ratio = ours / peer if ours is not None and peer else None
    return {"benchmark": benchmark, "ours": ours, "peer": peer, "ratio": ratio, "note": note}


def tell(rows: Sequence[Mapping[str, Any]], out: Path | None) -> None:
    """Print a benchmark's rows; to a file too, as JSON, where `--json` names one."""
    for each in rows:
        (_, name), *figures = each.items()
        shown = (f"{key} {_shown(value)}" for key, value in figures if value is not None)
        print(f"{name:75s}", *shown, sep="  ", flush=True)
    if out:
        out.write_text(json.dumps(rows, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _shown(value: object) -> str:
    return f"{value:.4f}" if isinstance(value, float) else str(value)
