"""The benchmark of texts: a set that is missing is named, and does not keep the other from being judged."""

from __future__ import annotations

from argparse import Namespace

import pandas as pd

from benchmarks.text_quality import judged


def test_each_missing_set_is_named_and_the_other_is_judged(tmp_path) -> None:
    titles = tmp_path / "titles.csv"
    words = {"8516": "电 水壶", "9503": "儿童 玩具"}
    kinds = [
        (f"{heading}100000", f"{said} 款{number}") for heading, said in words.items() for number in range(20)
    ]
    pd.DataFrame(kinds, columns=["hs10", "title_tokens"]).to_csv(titles, index=False)
    given = Namespace(reviews=tmp_path / "reviews.csv", titles=titles, folds=2)
    for name in ("train_reviews", "test_reviews", "train_titles", "test_titles"):
        setattr(given, name, None)
    rows = judged(given)
    assert [row["task"] for row in rows if "method" in row] == ["title to heading"] * 2
    assert rows[-1] == {"task": "reviews", "note": "not run: there is no file reviews.csv"}
    given.titles = tmp_path / "none.csv"
    assert [row["task"] for row in judged(given)] == ["reviews", "goods titles"]
