"""Tokens with normalising and offsets, characters per CPU second beside plain `jieba.lcut` of the same texts.

Texts are the reviews of `--reviews` (a CSV with a column `review`), or sentences of a simulated port. `lcut`
runs with its own default, the hidden Markov model; a row says what it does without.

Further rows: opinions of a simulated port stored and read in batches, complaints per CPU second, and the CPU
time of each step for one of them.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import logging
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from click.testing import CliRunner

from benchmarks.rows import tell
from features.instants import DAY
from features.opinions.linking import link
from features.opinions.said import said
from features.reading import read_record
from features.records import Opinion
from features.store.database import Store
from features.store.entries import Entry
from features.store.readings.book import Book
from features.terms import Kind
from features.text.duplicates import print_of
from features.text.hazards import HazardReader
from features.text.masking import mask
from features.text.normal import normalise
from features.text.tokens import Tokenizer, words_of_process
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


def derivation(folder: Path) -> list[dict[str, Any]]:
    """Store a port's opinions, and say what each step of reading one costs."""
    options = ["--lines", "60000", "--seed", "7", "--out", str(folder / "port")]
    CliRunner().invoke(simulate, options, catch_exceptions=False)
    store = Store.open(f"sqlite:///{folder / 'records.db'}")
    store.migrate()
    for kind, name in (("party", "parties"), ("declaration", "declarations"), ("opinion", "opinions")):
        rows = [
            row | {"kind": kind} for row in pq.read_table(folder / "port" / f"{name}.parquet").to_pylist()
        ]
        entries = [_entry(Kind(row.pop("kind")), row) for row in rows]
        begun = time.process_time()
        for start in range(0, len(entries), 1000):
            if start == 0 and kind == "opinion":
                said("先读一条，词典已载入")
                store.readings.take_in()
                begun = time.process_time()
            store.append(entries[start : start + 1000], imported=True)
        spent = time.process_time() - begun
    opinions = [entry.record for entry in entries if isinstance(entry.record, Opinion)]
    steps = _steps(store, opinions)
    store.close()
    rest = spent / len(opinions) - sum(steps.values())
    found = [
        {
            "what": f"opinions stored and read, batches of 1,000 ({len(opinions):,})",
            "complaints/CPU s": len(opinions) / spent,
            "µs each": spent / len(opinions) * 1e6,
        }
    ]
    steps |= {"prints looked up, rows written, everything else": rest}
    return found + [{"what": f"of which {name}", "µs each": value * 1e6} for name, value in steps.items()]


def _entry(kind: Kind, row: dict[str, Any]) -> Entry:
    known_at = row.pop("known_at", None)
    return Entry(record=read_record(kind, {k: v for k, v in row.items() if v is not None}), known_at=known_at)


def _steps(store: Store, opinions: list[Opinion]) -> dict[str, float]:
    """CPU seconds an opinion of each step by itself, the last stored ones being read again."""
    with store.reading() as connection:
        book = Book().follow(connection, 0)
    texts = [opinion.text for opinion in opinions]
    read = [said(text) for text in texts]
    normal = [one.normal for one in read]
    reader = HazardReader(words_of_process())
    at = opinions[-1].happened_at + 400 * DAY
    works: dict[str, Callable[[int], Any]] = {
        "personal numbers masked": lambda i: mask(texts[i]),
        "normal form": lambda i: normalise(texts[i]),
        "hazards and injuries": lambda i: reader.read(texts[i]),
        "print against repeats": lambda i: print_of(normal[i]),
        "goods and parties": lambda i: link(opinions[i], read[i], book.names, at),
    }
    spent = {}
    for name, work in works.items():
        begun = time.process_time()
        for i in range(len(texts)):
            work(i)
        spent[name] = (time.process_time() - begun) / len(texts)
    return spent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reviews", type=Path)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = measure(read_texts(given.reviews, Path(folder)), Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        rows += derivation(Path(folder))
    tell(rows, given.json)


if __name__ == "__main__":
    main()
