"""Tokens with normalising and offsets, characters per CPU second beside plain `jieba.lcut` of the same texts.

Texts are the reviews of `--reviews` (a CSV with a column `review`), or sentences of a simulated port. `lcut`
runs with its own default, the hidden Markov model; a row says what it does without.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import logging
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from click.testing import CliRunner

from features.text.masking import mask
from features.text.tokens import Tokenizer
from training.simulator.cli import simulate

REPEATS = 3
PEER = "jieba.lcut, its default"


def read_texts(path: Path | None, folder: Path) -> list[str]:
    if path is None:
        options = ["--lines", "100000", "--seed", "7", "--out", str(folder / "port")]
        CliRunner().invoke(simulate, options, catch_exceptions=False)
        return [str(text) for text in pq.read_table(folder / "port" / "opinions.parquet")["text"].to_pylist()]
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8", newline="") as file:
        return [row["review"] for row in csv.DictReader(file)]


def rates(works: dict[str, Callable[[str], Any]], texts: list[str]) -> dict[str, float]:
    """Characters per CPU second of each work, the best of some rounds in which all take turns."""
    best = dict.fromkeys(works, float("inf"))
    for _ in range(REPEATS):
        for name, work in works.items():
            begun = time.process_time()
            for text in texts:
                work(text)
            best[name] = min(best[name], time.process_time() - begun)
    return {name: sum(map(len, texts)) / seconds for name, seconds in best.items()}


def measure(texts: list[str], folder: Path) -> list[dict[str, Any]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import jieba
    jieba.setLogLevel(logging.WARNING)
    jieba.dt.tmp_dir = str(folder)
    jieba.initialize()
    works: dict[str, Callable[[str], Any]] = {
        PEER: jieba.lcut,
        "jieba.lcut, HMM=False": lambda text: jieba.lcut(text, HMM=False),
        "masking of personal numbers": mask,
    }
    for fast in (False, True):
        tokenizer = Tokenizer(folder / str(fast), fast=fast)
        works[f"tokens with offsets, {tokenizer.engine}"] = tokenizer.tokens
    found = rates(works, texts)
    return [
        {"what": name, "characters/CPU s": value, "× jieba.lcut": value / found[PEER]}
        for name, value in found.items()
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reviews", type=Path)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = measure(read_texts(given.reviews, Path(folder)), Path(folder))
    for row in rows:
        print(row)
    if given.json:
        given.json.write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main()
