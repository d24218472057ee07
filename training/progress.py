"""Progress of a long command: each step named and timed on the terminal, boosting as a bar."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TextIO

from tqdm import tqdm


@dataclass(frozen=True)
class Progress:
    """Where steps and bars are written; nowhere when `stream` is None."""

    stream: TextIO | None = None

    def say(self, text: str) -> None:
        """Write one line."""
        if self.stream is not None:
            self.stream.write(text + "\n")
            self.stream.flush()

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Name a step, and its duration once it is done."""
        started = time.perf_counter()
        yield
        self.say(f"{title}  {time.perf_counter() - started:.1f} s")

    @contextmanager
    def boosting(self, title: str, rounds: int) -> Iterator[Callable[[Any], None]]:
        """Show a bar over boosting rounds; yields the LightGBM callback that moves it."""
        shown = self.stream is not None and self.stream.isatty()
        with tqdm(
            total=rounds, desc=title, unit="tree", file=self.stream, disable=not shown, leave=False
        ) as bar:
            yield lambda _environment: bar.update() and None


SILENT = Progress()
"""Progress that nobody watches: tests and notebooks."""
