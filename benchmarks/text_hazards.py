"""Hazards told from simulated complaints whose templates were held out, and from real sentences.

The simulated port writes complaints from some ten templates a hazard. Half of the templates, drawn at
random within each hazard and each sort of harmless text, train the model as labelled records; the texts of
the other half are read. The lexicon was written without the templates. The real sentences
(`tests/data/hazard_sentences.jsonl`, labelled by hand) are read by the lexicon alone and by a model trained
on simulated texts: none of them is ever trained on.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd
from click.testing import CliRunner
from numpy.typing import NDArray
from sklearn.metrics import f1_score

from benchmarks.data import DATA
from benchmarks.rows import tell
from features.text import lexicon
from features.text.commodities import HeadingReader
from features.text.dictionary import lexicon_rows
from features.text.hazards import HazardReader, fit_hazards
from features.text.lexicon import hazards
from features.text.notices import notice_hazards
from features.text.tokens import Tokenizer
from training.simulator.cli import simulate

SENTENCES = Path(__file__).parents[1] / "tests" / "data" / "hazard_sentences.jsonl"
RASFF = DATA / "rasff" / "rasff_2020_2023.csv.gz"
NAMES = list(hazards())
PORTS = (3, 4, 5)
"""Seeds of the simulated ports."""
SPLITS, DRAWS = 4, 100
"""Halvings of the templates a port, and redraws of the tested templates a halving for the interval."""


def simulated(lines: int, folder: Path, seed: int = 3) -> pd.DataFrame:
    """Distinct simulated texts, with their true hazard (missing where they name none) and template."""
    command = ["--lines", str(lines), "--seed", str(seed), "--out", str(folder)]
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
        "interval": None,
        "micro-F1": float(f1_score(truth, said, average="micro")),
        "no hazard, none said": float((~said[quiet].any(axis=1)).mean()),
        "hazards": int(occurring.sum()),
        "read": len(truth),
    }


def each(what: str, method: str, truth: NDArray[np.bool_], said: NDArray[np.bool_]) -> list[dict[str, Any]]:
    """F1 and number of texts of every hazard that occurs."""
    scores = f1_score(truth, said, average=None, zero_division=0)
    return [
        {"texts": what, "method": method, "hazard": name, "F1": float(score), "read": int(count)}
        for name, score, count in zip(NAMES, scores, truth.sum(axis=0), strict=True)
        if count
    ]


def halves(rows: pd.DataFrame, seed: int) -> NDArray[np.bool_]:
    """Draw which texts train: those of half of the templates of each hazard and sort of harmless text."""
    rng = np.random.default_rng(seed)
    chosen: set[str] = set()
    for _, kind in rows.groupby(rows["hazard"].fillna("- " + rows["sort"])):
        templates = sorted(kind["template"].unique())
        chosen.update(rng.permutation(templates)[: (len(templates) + seed % 2) // 2].tolist())
    return rows["template"].isin(chosen).to_numpy()


def redrawn(
    templates: NDArray[np.object_], truth: NDArray[np.bool_], said: NDArray[np.bool_], seed: int
) -> list[float]:
    """Macro-F1 of the read texts, their templates drawn again with replacement."""
    rng = np.random.default_rng(seed)
    names, codes = np.unique(templates.astype(str), return_inverse=True)
    found = []
    for _ in range(DRAWS):
        weights = np.bincount(rng.integers(len(names), size=len(names)), minlength=len(names))[codes]
        kept = truth[weights > 0].any(axis=0)
        scores = f1_score(truth, said, average=None, zero_division=0, sample_weight=weights)
        found.append(float(scores[kept].mean()))
    return found


def held_out(ports: list[pd.DataFrame], tokenizer: Tokenizer, trained: str) -> list[dict[str, Any]]:
    """Read half of the templates by a model trained on the other half, over ports and halvings."""
    rows, draws, truths, saids, alone = [], [], [], [], []
    for seed, port in ((SPLITS * n + m, port) for n, port in enumerate(ports) for m in range(SPLITS)):
        fit = halves(port, seed)
        train, test = port[fit], port[~fit]
        reader = HazardReader(tokenizer, fit_hazards(train["text"].tolist(), labels_of(train), tokenizer))
        truth = truth_matrix(labels_of(test))
        said = reader.probabilities(test["text"].tolist()) >= 0.5
        rows.append(figures("simulated, templates held out", trained, truth, said))
        draws += redrawn(test["template"].to_numpy(dtype=object), truth, said, seed)
        truths.append(truth)
        saids.append(said)
        alone.append(HazardReader(tokenizer).probabilities(test["text"].tolist()) >= 0.5)
    low, high = np.quantile(draws, [0.025, 0.975])
    shown = ("macro-F1", "micro-F1", "no hazard, none said")
    mean = {name: float(np.mean([row[name] for row in rows])) for name in shown}
    read = sum(len(truth) for truth in truths)
    truth = np.concatenate(truths)
    by_lexicon = figures(
        rows[0]["texts"],
        "lexicon alone" + trained.removeprefix("trained on other templates"),
        truth,
        np.concatenate(alone),
    )
    spread = (
        f"{low:.3f} to {high:.3f}; lowest of {len(rows)} halvings {min(row['macro-F1'] for row in rows):.3f}"
    )
    whole = {**rows[0], **mean, "interval": spread, "read": read}
    return [whole, by_lexicon, *each(rows[0]["texts"], trained, truth, np.concatenate(saids))]


@contextmanager
def reference_terms() -> Iterator[None]:
    """Let the lexicon hold the taxonomy's own terms alone, wherever they stand."""
    rows = [replace(row, near="") for row in lexicon_rows() if row.provenance == "reference"]
    with (
        patch("features.text.lexicon.lexicon_rows", lambda: iter(rows)),
        patch("features.text.hazards.lexicon_rows", lambda: iter(rows)),
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
    said = {method: reader.probabilities(texts) >= 0.5 for method, reader in readers.items()}
    found = [figures("real sentences", method, truth, answers) for method, answers in said.items()]
    for row, answers in zip(found, said.values(), strict=True):
        row["interval"] = resampled(truth, answers)
    return found + each("real sentences", "lexicon alone", truth, said["lexicon alone"])


def resampled(truth: NDArray[np.bool_], said: NDArray[np.bool_]) -> str:
    """The 95 % interval of the macro-F1 when sentences are drawn again; of the hazards that were drawn."""
    rng = np.random.default_rng(0)
    found = []
    for _ in range(1_000):
        drawn = rng.integers(len(truth), size=len(truth))
        scores = f1_score(truth[drawn], said[drawn], average=None, zero_division=0)
        found.append(scores[truth[drawn].any(axis=0)].mean())
    low, high = np.quantile(found, [0.025, 0.975])
    return f"{low:.3f} to {high:.3f}"


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
        ports = [simulated(given.lines, Path(folder) / f"port{seed}", seed) for seed in PORTS]
        rows = ports[0]
        found = held_out(ports, tokenizer, "trained on other templates")
        with reference_terms():
            found += held_out(ports[:1], tokenizer, "trained on other templates, reference terms only")[:2]
        found += real(rows, tokenizer)
        told = notices()
        missing = [{"texts": "RASFF", "method": f"not run: there is no file {RASFF.name}"}]
        found += missing if told is None else english(rows, told, tokenizer)
        found += linking(rows, Path(folder) / f"port{PORTS[0]}", tokenizer)
    tell(found, given.json)


if __name__ == "__main__":
    main()
