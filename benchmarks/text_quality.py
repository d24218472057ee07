"""Complaints, goods categories and headings told from texts, beside SnowNLP and a plain linear SVM.

    python -m benchmarks.text_quality --train-reviews F --test-reviews F \\
        --train-titles F --test-titles F --json OUT

for a given split, each F a CSV (also .gz) with columns `cat,label,review` or `hs10,title_tokens`. Without a
test file, `--reviews` and `--titles` (by default those of the public sets) are cross-validated. Titles are
deduplicated, and no test title stands among the training titles. SnowNLP, with the model it ships, answers
the first fold only. Hazards: `benchmarks.text_hazards`.
"""

from __future__ import annotations

import argparse
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import accuracy_score, f1_score
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from benchmarks.data import DATA
from benchmarks.rows import tell
from features.text.classifier import fit_classifier
from features.text.commodities import fit_titles
from features.text.grams import Document
from features.text.tokens import Tokenizer, normalise

Pair: TypeAlias = tuple[pd.DataFrame, pd.DataFrame]
Answers: TypeAlias = dict[tuple[str, str], list[tuple[list[str], list[str]]]]
"""By task and method, one pair of truths and answers a fold."""


def read(path: Path, columns: list[str]) -> pd.DataFrame:
    return pd.read_csv(path, dtype=str, usecols=columns).dropna().reset_index(drop=True)


def folds(rows: pd.DataFrame, column: str, count: int) -> Iterator[Pair]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some headings have fewer titles than there are folds
        for fit, test in StratifiedKFold(count, shuffle=True, random_state=0).split(rows, rows[column]):
            yield rows.iloc[fit], rows.iloc[test]


def plain_svm(train: list[str], labels: list[str], test: list[str]) -> list[str]:
    """The peer: TF-IDF of words and a linear SVM, everything as scikit-learn has it."""
    peer = make_pipeline(TfidfVectorizer(token_pattern=r"\S+"), LinearSVC(random_state=0))
    return [str(label) for label in peer.fit(train, labels).predict(test)]


def snownlp(texts: list[str]) -> list[str] | None:
    """The peer's verdicts with the model that it ships; None where it is not installed."""
    try:
        from snownlp import SnowNLP
    except ImportError:
        return None
    return [str(int(SnowNLP(text).sentiments > 0.5)) for text in texts]


def judge_reviews(pair: Pair, tokenizer: Tokenizer, answers: Answers, with_snownlp: bool) -> None:
    words, documents = [], []
    for part in pair:
        words.append([tokenizer.words(text) for text in part["review"]])
        documents.append(
            [Document(cut, normalise(text)[0]) for cut, text in zip(words[-1], part["review"], strict=True)]
        )
    joined = [[" ".join(cut) for cut in part] for part in words]
    for task, column, strength in (("complaint or not", "label", 0.3), ("goods category", "cat", 0.3)):
        fit, truth = (part[column].tolist() for part in pair)
        model = fit_classifier(documents[0], fit, strength=strength, telling=True)
        answers.setdefault((task, "ours"), []).append((truth, model.predict(documents[1])))
        peer = plain_svm(joined[0], fit, joined[1])
        answers.setdefault((task, "words, linear SVM"), []).append((truth, peer))
    if with_snownlp and (verdicts := snownlp(pair[1]["review"].tolist())):
        truth = pair[1]["label"].tolist()
        answers.setdefault(("complaint or not", "SnowNLP"), []).append((truth, verdicts))


def judge_titles(pair: Pair, answers: Answers) -> None:
    documents = [
        [Document(title.split(), normalise(title)[0]) for title in part["title_tokens"]] for part in pair
    ]
    fit, truth = (part["hs10"].str[:4].tolist() for part in pair)
    model = fit_titles(documents[0], fit)
    answers.setdefault(("title to heading", "ours"), []).append((truth, model.predict(documents[1])))
    peer = plain_svm(pair[0]["title_tokens"].tolist(), fit, pair[1]["title_tokens"].tolist())
    answers.setdefault(("title to heading", "words, linear SVM"), []).append((truth, peer))


def figures(answers: Answers) -> list[dict[str, Any]]:
    """Mean accuracy and macro-F1 over the folds, with the spread of the accuracy."""
    rows = []
    for (task, method), pairs in answers.items():
        right = [accuracy_score(truth, said) for truth, said in pairs]
        macro = [f1_score(truth, said, average="macro", zero_division=0) for truth, said in pairs]
        rows.append(
            {
                "task": task,
                "method": method,
                "accuracy": float(np.mean(right)),
                "macro-F1": float(np.mean(macro)),
                "lowest fold": float(min(right)),
                "folds": len(pairs),
                "tested": sum(len(truth) for truth, _ in pairs),
            }
        )
    return rows


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--reviews", type=Path, default=DATA / "reviews" / "reviews.csv.gz")
    parser.add_argument("--titles", type=Path, default=DATA / "goods_titles" / "goods_titles.csv.gz")
    for name in ("train-reviews", "test-reviews", "train-titles", "test-titles", "json"):
        parser.add_argument(f"--{name}", type=Path)
    parser.add_argument("--folds", type=int, default=5)
    return parser.parse_args()


def review_pairs(given: argparse.Namespace) -> Iterator[Pair]:
    columns = ["cat", "label", "review"]
    if given.test_reviews:
        yield read(given.train_reviews or given.reviews, columns), read(given.test_reviews, columns)
    elif not given.test_titles:
        yield from folds(read(given.reviews, columns), "cat", given.folds)


def title_pairs(given: argparse.Namespace) -> Iterator[Pair]:
    columns = ["hs10", "title_tokens"]
    if given.test_titles:
        fit = read(given.train_titles or given.titles, columns).drop_duplicates("title_tokens")
        test = read(given.test_titles, columns).drop_duplicates("title_tokens")
        yield fit, test[~test["title_tokens"].isin(fit["title_tokens"])]
    elif not given.test_reviews:
        titles = read(given.titles, columns).drop_duplicates("title_tokens")
        yield from folds(titles.assign(heading=titles["hs10"].str[:4]), "heading", given.folds)


def judged(given: argparse.Namespace) -> list[dict[str, Any]]:
    """Return the section's rows, with one for each set that is not there."""
    split = given.test_reviews or given.test_titles
    sets = {"reviews": given.reviews, "goods titles": given.titles}
    missing = [name for name, path in sets.items() if not split and not path.is_file()]
    answers: Answers = {}
    if "reviews" not in missing:
        with tempfile.TemporaryDirectory() as folder:
            tokenizer = Tokenizer(Path(folder) / "jieba")
            for number, pair in enumerate(review_pairs(given)):
                judge_reviews(pair, tokenizer, answers, with_snownlp=number == 0)
    if "goods titles" not in missing:
        for pair in title_pairs(given):
            judge_titles(pair, answers)
    notes = [{"task": name, "note": f"not run: there is no file {sets[name].name}"} for name in missing]
    return [*figures(answers), *notes]


def main() -> None:
    given = options()
    rows = judged(given)
    tell(rows, given.json)


if __name__ == "__main__":
    main()
