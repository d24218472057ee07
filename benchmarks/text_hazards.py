"""Hazards told from simulated complaints whose templates were held out, and from real sentences.

The simulated port writes complaints from templates in five groups; a model trained on four groups reads the
fifth. The real sentences (`tests/data/hazard_sentences.jsonl`, labelled by hand) are read by the lexicon
alone and by a model trained on all simulated texts: none of them is ever trained on.
"""

from __future__ import annotations

import argparse
import csv
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd
from click.testing import CliRunner
from numpy.typing import NDArray
from sklearn.metrics import f1_score

from features.text import lexicon
from features.text.commodities import HeadingReader
from features.text.hazards import HazardReader, fit_hazards
from features.text.lexicon import hazards
from features.text.normal import LEXICONS
from features.text.notices import notice_hazards
from features.text.tokens import Tokenizer
from training.simulator.cli import simulate

SENTENCES = Path(__file__).parents[1] / "tests" / "data" / "hazard_sentences.jsonl"
RASFF = Path(__file__).parents[2] / "shared" / "data" / "rasff" / "rasff_2020_2023.csv.gz"
NAMES = list(hazards())


def simulated(lines: int, folder: Path) -> pd.DataFrame:
    """Distinct simulated texts, with their true hazard (missing where they name none) and template group."""
    command = ["--lines", str(lines), "--seed", "3", "--out", str(folder)]
    CliRunner().invoke(simulate, command, catch_exceptions=False)
    texts = pd.read_parquet(folder / "opinions.parquet", columns=["id", "text"])
    truth = pd.read_parquet(folder / "truth_opinions.parquet")
    return truth.merge(texts, on="id").drop_duplicates("text").reset_index(drop=True)


def truth_matrix(labels: list[list[str]]) -> NDArray[np.bool_]:
    return np.array([[name in names for name in NAMES] for names in labels])


def labels_of(rows: pd.DataFrame) -> list[list[str]]:
    return [[name] if isinstance(name, str) else [] for name in rows["hazard"]]


def figures(what: str, method: str, truth: NDArray[np.bool_], said: NDArray[np.bool_]) -> dict[str, Any]:
    """Macro-F1 over the hazards that occur, micro-F1, and how often a text without any is left alone."""
    occurring = truth.any(axis=0)
    quiet = ~truth.any(axis=1)
    scores = f1_score(truth[:, occurring], said[:, occurring], average=None, zero_division=0)
    return {
        "texts": what,
        "method": method,
        "macro-F1": float(scores.mean()),
        "micro-F1": float(f1_score(truth, said, average="micro")),
        "lowest": f"{np.array(NAMES)[occurring][scores.argmin()]} {scores.min():.2f}",
        "no hazard, none said": float((~said[quiet].any(axis=1)).mean()),
        "hazards": int(occurring.sum()),
        "read": len(truth),
    }


def held_out(rows: pd.DataFrame, tokenizer: Tokenizer) -> list[dict[str, Any]]:
    """Read each template group by a model trained on the four others, and by the lexicon alone."""
    said = np.zeros((len(rows), len(NAMES)), dtype=bool)
    for group in sorted(rows["template_group"].unique()):
        test = (rows["template_group"] == group).to_numpy()
        fit = rows[~test]
        model = fit_hazards(fit["text"].tolist(), labels_of(fit), tokenizer)
        said[test] = HazardReader(tokenizer, model).probabilities(rows["text"][test].tolist()) >= 0.5
    truth = truth_matrix(labels_of(rows))
    alone = HazardReader(tokenizer).probabilities(rows["text"].tolist()) >= 0.5
    return [
        figures("simulated, templates held out", "trained on other templates", truth, said),
        figures("simulated, templates held out", "lexicon alone", truth, alone),
    ]


@contextmanager
def reference_terms() -> Iterator[None]:
    """Let the lexicon hold the taxonomy's own terms alone, which nobody chose with the templates in sight."""
    with (LEXICONS / "hazards.tsv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t") if row["provenance"] == "reference"]
    terms = [(row["hazard"], row["kind"], row["term"]) for row in rows]
    with (
        patch("features.text.lexicon.hazard_terms", lambda: iter(terms)),
        patch("features.text.hazards.hazard_terms", lambda: iter(terms)),
    ):
        lexicon._terms.cache_clear()
        yield
    lexicon._terms.cache_clear()


def real(rows: pd.DataFrame, tokenizer: Tokenizer) -> list[dict[str, Any]]:
    """Read the hand-labelled sentences by the lexicon and by a model trained on simulated texts only."""
    labelled = [json.loads(line) for line in SENTENCES.read_text(encoding="utf-8").splitlines()]
    texts, truth = [row["text"] for row in labelled], truth_matrix([row["hazards"] for row in labelled])
    model = fit_hazards(rows["text"].tolist(), labels_of(rows), tokenizer)
    readers = {
        "lexicon alone": HazardReader(tokenizer),
        "trained on simulated": HazardReader(tokenizer, model),
    }
    return [
        figures("real sentences", method, truth, reader.probabilities(texts) >= 0.5)
        for method, reader in readers.items()
    ]


def linking(rows: pd.DataFrame, folder: Path, tokenizer: Tokenizer) -> list[dict[str, Any]]:
    """Heading of each simulated text by the goods names of the earlier declarations, and by likeness."""
    lines = pd.read_parquet(folder / "declarations.parquet", columns=["goods_name", "hs_code"]).dropna()
    earlier = lines.iloc[: len(lines) // 2]
    declared = zip(earlier["goods_name"], earlier["hs_code"].str[:4], strict=True)
    readers = {"declared names": HeadingReader(tokenizer, declared), "tariff names": HeadingReader(tokenizer)}
    found = []
    for method, reader in readers.items():
        read = [reader.read(text, most=1) for text in rows["text"]]
        right = [bool(got) and got[0].hs4 == true for got, true in zip(read, rows["heading"], strict=True)]
        found.append(
            {
                "texts": "simulated, heading",
                "method": method,
                "accuracy": float(np.mean(right)),
                "read": len(rows),
            }
        )
    return found


def notices() -> pd.DataFrame | None:
    """RASFF notices as product and substance, category names taken out; None if not at hand."""
    if not RASFF.exists():
        return None
    rows = pd.read_csv(RASFF, dtype=str).dropna(subset=["Product", "Hazard Substance", "Hazard Category"])
    substance = rows["Hazard Substance"].str.replace(r" - [^;]*(?=;|$)", "", regex=True)
    rows = rows.assign(
        text=rows["Product"] + ": " + substance, year=rows["Date of Case"].str[-4:].astype(int)
    )
    rows["labels"] = [notice_hazards(categories) for categories in rows["Hazard Category"]]
    return rows.drop_duplicates("text").sample(frac=1, random_state=0).reset_index(drop=True)


def english(rows: pd.DataFrame, told: pd.DataFrame, tokenizer: Tokenizer) -> list[dict[str, Any]]:
    """Read notices of the last year by a model of earlier ones, then the real sentences."""
    earlier = told[told["year"] < told["year"].max()].head(4_000)
    later = told[told["year"] == told["year"].max()].head(1_500)
    later = later[~later["text"].isin(earlier["text"])]
    model = fit_hazards(earlier["text"].tolist(), earlier["labels"].tolist(), tokenizer)
    truth = truth_matrix(later["labels"].tolist())
    readers = {"lexicon alone": HazardReader(tokenizer), "earlier notices": HazardReader(tokenizer, model)}
    found = [
        figures("RASFF, last year", method, truth, reader.probabilities(later["text"].tolist()) >= 0.5)
        for method, reader in readers.items()
    ]
    labelled = [json.loads(line) for line in SENTENCES.read_text(encoding="utf-8").splitlines()]
    products = {row["text"].split(":")[0] for row in labelled if row["source"] == "rasff"}
    fit = told[~told["Product"].str[:40].isin(products)].head(4_000)
    texts, labels = [*rows["text"], *fit["text"]], [*labels_of(rows), *fit["labels"]]
    both = HazardReader(tokenizer, fit_hazards(texts, labels, tokenizer))
    said = both.probabilities([row["text"] for row in labelled]) >= 0.5
    truth = truth_matrix([row["hazards"] for row in labelled])
    return [*found, figures("real sentences", "trained on simulated and RASFF", truth, said)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=150_000)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        tokenizer = Tokenizer(Path(folder) / "jieba")
        rows = simulated(given.lines, Path(folder) / "port")
        with reference_terms():
            fewer = [
                {**row, "method": f"{row['method']}, reference terms only"}
                for row in held_out(rows, tokenizer)
            ]
        found = held_out(rows, tokenizer) + fewer + real(rows, tokenizer)
        if (told := notices()) is not None:
            found += english(rows, told, tokenizer)
        found += linking(rows, Path(folder) / "port", tokenizer)
    for row in found:
        print(row)
    if given.json:
        given.json.write_text(json.dumps(found, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main()
