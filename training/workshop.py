"""Where models are made and kept."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from features.store.database import Store
from training.progress import SILENT, Progress


@dataclass(frozen=True, slots=True)
class Workshop:
    """Where models are made and kept: the records, the home of bundles and runs, and where progress goes."""

    store: Store
    home: Path
    progress: Progress = SILENT
