"""A line's unit price against what its commodity usually costs, per legal unit and never across units."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from features.entities import PRICED
from features.facts import Facts, Floats
from features.feature import ColumnFunction, Counted, Family, Feature, Show

PRICE_STRENGTH = 3.0
"""Lines that the broader usual price is worth; a first sighting proves little."""
USUAL_VARIANCE = 0.25
"""Variance of log prices assumed of a commodity never seen: one standard deviation is a factor of 1.6."""
_LARGEST_SCORE = 20.0
_YEAR = PRICED.windows.index(365)


def _moments(facts: Facts) -> tuple[Floats, Floats, Floats]:
    """Return lines, mean and variance of the log price in a year, each (n, 2): commodity, commodity × origin.

    What was seen little is drawn towards the commodity; the mean is NaN where the commodity was never priced.
    """
    windows = facts.known("priced").windows[:, :, _YEAR]
    lines, total, squares = windows[..., 0], windows[..., 1] / PRICED.scale, windows[..., 2] / PRICED.scale
    mean = np.where(lines > 0, total / np.maximum(lines, 1.0), np.nan)
    mean[:, 1] = (total[:, 1] + PRICE_STRENGTH * mean[:, 0]) / (lines[:, 1] + PRICE_STRENGTH)
    spread = np.maximum(squares - 2.0 * mean * total + lines * mean * mean, 0.0)
    variance = (spread + PRICE_STRENGTH * USUAL_VARIANCE) / (lines + PRICE_STRENGTH)
    return lines, mean, variance


def _log_price(facts: Facts) -> Floats:
    return np.log(np.minimum(np.maximum(facts.lines["unit_price_cny"], 1e-9), 1e15))


def log_price_ratio(entity: int) -> ColumnFunction:
    """Return the log ratio of the unit price to the usual one, drawn towards 0 where little was seen."""

    def compute(facts: Facts) -> Floats:
        lines, mean, _ = facts.once(_moments)
        weight = lines[:, 0] / (lines[:, 0] + PRICE_STRENGTH)
        return (facts.once(_log_price) - mean[:, entity]) * weight

    return compute


def price_score(entity: int) -> ColumnFunction:
    """Return how many standard deviations the log price lies above the usual one, within ±20."""

    def compute(facts: Facts) -> Floats:
        _, mean, variance = facts.once(_moments)
        score = (facts.once(_log_price) - mean[:, entity]) / np.sqrt(variance[:, entity])
        return np.minimum(np.maximum(score, -_LARGEST_SCORE), _LARGEST_SCORE)

    return compute


_USUAL: dict[str, tuple[str, str, str]] = {
    "hs10_unit": ("hs10", "同商品", "this commodity"),
    "hs10_origin_unit": ("hs10_origin", "同商品同原产国", "this commodity from this origin"),
}
"""Entities that prices are held against: name in the feature, Chinese, English."""


def price_features() -> Iterator[Feature]:
    """Yield the ratio and the score for the commodity alone and for commodity and origin."""
    for position, entity in enumerate(PRICED.entities):
        yield _ratio_feature(position, *_USUAL[entity])
        yield _score_feature(position, *_USUAL[entity])


def _usual(entity: int) -> Counted:
    return Counted(PRICED.name, PRICED.entities[entity], PRICED.windows[_YEAR])


def _ratio_feature(entity: int, name: str, zh: str, en: str) -> Feature:
    return Feature(
        f"price_to_usual_by_{name}",
        Family.PRICE,
        (f"单价与{zh}常见单价之比", f"Unit price against {en}"),
        (
            f"单价为{zh}近一年常见单价的 {{value}} 倍",
            f"Unit price is {{value}} times what {en} usually cost in the last year",
        ),
        log_price_ratio(entity),
        Show.TIMES,
        compared=_usual(entity),
    )


def _score_feature(entity: int, name: str, zh: str, en: str) -> Feature:
    return Feature(
        f"price_score_by_{name}",
        Family.PRICE,
        (f"单价偏离{zh}的程度", f"Deviation of the unit price from {en}"),
        (
            f"单价偏离{zh}近一年常见单价 {{value}} 个标准差（对数）",
            f"Unit price is {{value}} standard deviations (of its log) from what {en} usually costs",
        ),
        price_score(entity),
        compared=_usual(entity),
    )
