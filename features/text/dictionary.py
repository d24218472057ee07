"""The words that jieba's own dictionary is given besides: hazards, goods, standards and places of trade.

Each has a fixed frequency, so that every engine cuts alike: the least that keeps it whole beside jieba's
own words. `python -m features.text.dictionary` finds the frequencies again after `hazards.tsv` or
`domain.tsv` was edited; that is a new TEXT_VERSION.
"""

from __future__ import annotations

import csv
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from features.text.normal import LEXICONS, normalise

WORDS = LEXICONS / "words.tsv"


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file, delimiter="\t")


@dataclass(frozen=True, slots=True)
class LexiconRow:
    """A row of the hazard lexicon.

    `kind`: a `term` names the hazard, a `negation` says that there is none, the lack of what is `missing` is
    the hazard, and `other` is another word that only holds a term's signs. `near` names the group of words of
    which one must stand near by; empty for none.
    """

    hazard: str
    kind: str
    term: str
    near: str
    provenance: str


def lexicon_rows() -> Iterator[LexiconRow]:
    """Yield the rows of the shipped lexicon."""
    for row in _rows(LEXICONS / "hazards.tsv"):
        yield LexiconRow(**row)


def near_words() -> dict[str, list[str]]:
    """Return the normal words of each group that `near` may name."""
    groups: dict[str, list[str]] = {}
    for row in _rows(LEXICONS / "near.tsv"):
        groups.setdefault(row["near"], []).append(normalise(row["word"])[0])
    return groups


def hazard_terms() -> Iterator[tuple[str, str, str]]:
    """Yield hazard, kind (see `LexiconRow`) and term of the shipped lexicon."""
    for row in lexicon_rows():
        yield row.hazard, row.kind, row.term


def domain_words() -> list[str]:
    """Return the normal words of the reference taxonomy and of trade, in file order, each once."""
    hazards = [row["term"] for row in _rows(LEXICONS / "hazards.tsv") if row["provenance"] == "reference"]
    trade = [row["word"] for row in _rows(LEXICONS / "domain.tsv")]
    return list(dict.fromkeys(normalise(word)[0] for word in [*hazards, *trade]))


def frequencies() -> Iterator[tuple[str, int]]:
    """Yield the added words with their frequencies, in the order in which they are added."""
    for row in _rows(WORDS):
        yield row["word"], int(row["frequency"])


def find_frequencies() -> list[tuple[str, int]]:
    """Find for each domain word the frequency that keeps it whole, one after the other."""
    from features.text.engines import plain_jieba

    found = []
    with tempfile.TemporaryDirectory() as folder:
        jieba = plain_jieba(Path(folder))
        for word in domain_words():
            frequency = jieba.suggest_freq(word, False)
            jieba.add_word(word, frequency)
            found.append((word, frequency))
    return found


def main() -> int:
    """Write the words and their frequencies."""
    found = find_frequencies()
    with WORDS.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerows([("word", "frequency"), *found])
    return 0


if __name__ == "__main__":
    sys.exit(main())
