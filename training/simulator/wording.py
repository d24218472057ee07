"""Words on declarations: goods names and models of lanes."""

from __future__ import annotations

import numpy as np

from training.simulator.catalogue import Catalogue
from training.simulator.draws import Ints, stream
from training.simulator.lanes import Lanes
from training.simulator.parties import Parties


def lane_words(catalogue: Catalogue, lanes: Lanes, seed: int) -> tuple[list[str], Ints]:
    """Return all goods names, and the position of each lane's: mostly an everyday word, else the tariff's."""
    rng = stream(seed, "words")
    everyday = [word for words in catalogue.headings.words for word in words]
    counts = np.array([len(words) for words in catalogue.headings.words])
    first = np.cumsum(counts) - counts
    heading = catalogue.heading[lanes.commodity]
    word = first[heading] + np.floor(rng.random(len(heading)) * counts[heading]).astype(np.int64)
    formal = rng.random(len(heading)) < 0.3
    return [*everyday, *catalogue.names], np.where(formal, len(everyday) + lanes.commodity, word)


def lane_models(
    parties: Parties, catalogue: Catalogue, lanes: Lanes, words: list[str], word: Ints
) -> list[str]:  # fmt: skip
    """Return each lane's declared elements: use, brand, model, separated by bars."""
    names, brands = catalogue.names, parties.makers.brand
    letters = "ABCDEFGHKLMNPRSTVWX"
    return [
        f"{words[w]}|{names[c]}|{brands[m]}牌|型号{letters[i % 19]}{letters[m % 19]}-{100 + i * 37 % 900}"
        for i, (w, c, m) in enumerate(zip(word, lanes.commodity, lanes.maker, strict=True))
    ]
