"""A feature: a typed value of a declaration line, with the sentence that says it to an officer."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from features.errors import FeaturesError
from features.facts import Facts, Floats


class Family(StrEnum):
    """Under which heading an explanation names a feature."""

    GOODS = "goods"
    PRICE = "price"
    ROUTE = "route"
    ORIGIN = "origin"
    ENTERPRISE = "enterprise"
    MANUFACTURER = "manufacturer"
    OPINIONS = "opinions"


FAMILY_WORDS: dict[Family, tuple[str, str]] = {
    Family.GOODS: ("商品", "Goods"),
    Family.PRICE: ("价格", "Price"),
    Family.ROUTE: ("运输与通关", "Route and clearance"),
    Family.ORIGIN: ("原产地", "Origin"),
    Family.ENTERPRISE: ("企业", "Enterprise"),
    Family.MANUFACTURER: ("生产企业与品牌", "Manufacturer and brand"),
    Family.OPINIONS: ("舆情与投诉", "Complaints and opinions"),
}
"""Chinese and English heading of each family."""


class Show(StrEnum):
    """How a feature's value stands in its sentence."""

    NUMBER = "number"
    COUNT = "count"
    PERCENT = "percent"
    TIMES = "times"
    """A natural logarithm of a ratio, shown as the ratio."""
    ROUGHLY = "roughly"
    """A natural logarithm of a ratio that is a judgement, said as times the usual within 0.05 and 20."""
    AMOUNT = "amount"
    """A natural logarithm of an amount, shown as the amount."""
    SHARE = "share"
    """log1p of a share in hundredths of a percent, shown as a percentage."""
    DAYS = "days"
    """Days up to a year; a full year means that long ago or never."""
    YES_NO = "yes_no"
    WEEKDAY = "weekday"
    CODE = "code"
    """A position in the frozen vocabulary, shown as the code."""


TARIFF_LEVELS = ("hs2", "hs4", "hs6", "hs_code")
"""Columns of the tariff code, from the chapter to the commodity."""


class FeatureDeclarationError(FeaturesError):
    """A feature that may not stand in the catalogue."""

    title = "Feature declaration"
    title_zh = "特征声明有误"
    remedy = "Give the feature a name of its own and a sentence with {value} in Chinese and in English."
    remedy_zh = "请为该特征指定唯一名称，并给出含 {value} 的中英文说明。"


ColumnFunction: TypeAlias = Callable[[Facts], Floats]
"""From what is known of n lines to float64 (n,), NaN where the value is missing."""


@dataclass(frozen=True, slots=True)
class Category:
    """A text column of the lines, encoded by the spec's vocabulary."""

    column: str


class Among(StrEnum):
    """Which events of a tally a feature is about."""

    ALL = "all"
    RANDOM = "random"
    TARGETED = "targeted"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Counted:
    """The records a feature counts: events of a tally, of the line's entity, over a window of days (or all).

    It is what evidence is looked up by.
    """

    tally: str
    entity: str
    window: int | None
    among: Among = Among.ALL


@dataclass(frozen=True, slots=True, eq=False)
class Aggregate:
    """One cell of a measure over the history: what is measured, and of which records.

    `block` gives the measure of n lines as float64 (n, cells), computed once per frame however many features
    read it; `cell` is this feature's place in it.
    """

    measure: str
    counted: Counted
    cell: int
    block: Callable[[Facts], Floats]


Source: TypeAlias = ColumnFunction | Category | Aggregate


@dataclass(frozen=True, slots=True, eq=False)
class Feature:
    """A typed value with its words.

    `label` names it in a table and `sentence` says it with `{value}` in place, both as (Chinese, English).
    """

    name: str
    family: Family
    label: tuple[str, str]
    sentence: tuple[str, str]
    source: Source
    show: Show = Show.NUMBER
    compared: Counted | None = None
    """The records that a column function holds the line against, if any."""

    def __post_init__(self) -> None:
        """Refuse a feature that cannot be said in both languages."""
        for language, label, sentence in zip(("zh", "en"), self.label, self.sentence, strict=True):
            if not label.strip() or "{value}" not in sentence:
                raise FeatureDeclarationError(
                    f"feature {self.name}: its {language} sentence {sentence!r} needs words and {{value}}",
                    field=self.name,
                    value=sentence,
                )

    @property
    def dtype(self) -> type[str] | type[float]:
        """Return str for a category and float for a number; in the frame both are float64."""
        return str if isinstance(self.source, Category) else float

    @property
    def counted(self) -> Counted | None:
        """Return which records the feature counts; None for what is declared on the line itself."""
        return self.source.counted if isinstance(self.source, Aggregate) else self.compared

    @property
    def kin(self) -> Hashable:
        """Return what it shares with features that tell an officer the same, and with no other.

        The same are a measure over several windows, a unit price held twice against the same prices, and the
        levels of the tariff code.
        """
        if isinstance(self.source, Aggregate):
            counted = self.source.counted
            return self.source.measure, counted.tally, counted.entity, counted.among
        if isinstance(self.source, Category):
            return "tariff code" if self.source.column in TARIFF_LEVELS else self.name
        return self.compared if self.family is Family.PRICE and self.compared else self.name

    @property
    def zh(self) -> str:
        """Return the Chinese sentence."""
        return self.sentence[0]

    @property
    def en(self) -> str:
        """Return the English sentence."""
        return self.sentence[1]
