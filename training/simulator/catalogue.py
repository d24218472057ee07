"""The goods of the simulated port: headings, their ten-digit codes, and what may be wrong with them."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.simulator.draws import Floats, Grouped, Ints, stream
from training.simulator.params import Params

DATA = Path(__file__).with_name("data")
PRODUCTION_COUNTRY = "CN"
KILOGRAM = "035"


@dataclass(frozen=True, slots=True, eq=False)
class Headings:
    """Four-digit headings as columns; `hazards` is their (headings, hazards) chance table."""

    hs4: list[str]
    group: Ints
    weight: Floats
    risk: Floats
    unit: list[str]
    price: Floats
    kg: Floats
    duty: Floats
    statutory: NDArray[np.bool_]
    un_number: list[str]
    words: list[list[str]]
    english: list[str]
    hazards: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Catalogue:
    """Headings, ten-digit commodities sorted by heading, hazards, groups and countries, all by position."""

    headings: Headings
    hs_codes: list[str]
    names: list[str]
    heading: Ints
    price: Floats
    kg: Floats
    by_heading: Grouped
    groups: list[str]
    countries: list[str]
    hazards: list[dict[str, Any]]


def load_catalogue(params: Params, seed: int) -> Catalogue:
    """Read headings, commodities and hazards; prices and popularity of single commodities are drawn."""
    groups, countries = list(params.groups), [*params.countries, PRODUCTION_COUNTRY]
    hazards = list(_rows("hazards.csv"))
    headings = _headings(list(_rows("headings.csv")), groups, [row["hazard"] for row in hazards])
    place = {hs4: index for index, hs4 in enumerate(headings.hs4)}
    rows = sorted(_rows("commodities.csv"), key=lambda row: (place[row["hs_code"][:4]], row["hs_code"]))
    heading = np.array([place[row["hs_code"][:4]] for row in rows], dtype=np.int64)
    rng = stream(seed, "commodities")
    price = headings.price[heading] * np.exp(rng.normal(0, 0.35, len(rows)))
    by_weight = np.asarray(headings.unit)[heading] == KILOGRAM
    kg = np.where(by_weight, 1.0, headings.kg[heading] * np.exp(rng.normal(0, 0.2, len(rows))))
    popularity = np.exp(rng.normal(0, 0.8, len(rows)))
    return Catalogue(
        headings=headings,
        hs_codes=[row["hs_code"] for row in rows],
        names=[row["name"] for row in rows],
        heading=heading,
        price=price,
        kg=kg,
        by_heading=Grouped(heading, popularity, len(headings.hs4)),
        groups=groups,
        countries=countries,
        hazards=hazards,
    )


def _rows(name: str) -> list[dict[str, Any]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _headings(rows: list[dict[str, str]], groups: list[str], hazards: list[str]) -> Headings:
    def numbers(key: str) -> Floats:
        return np.array([float(row[key]) for row in rows])

    table = np.zeros((len(rows), len(hazards)))
    for index, row in enumerate(rows):
        for part in row["hazards"].split(";"):
            hazard, weight = part.split(":")
            table[index, hazards.index(hazard)] = float(weight)
    return Headings(
        hs4=[row["hs4"] for row in rows],
        group=np.array([groups.index(row["group"]) for row in rows], dtype=np.int64),
        weight=numbers("weight"),
        risk=numbers("risk"),
        unit=[row["unit"] for row in rows],
        price=numbers("price"),
        kg=numbers("kg"),
        duty=numbers("duty"),
        statutory=numbers("statutory") > 0,
        un_number=[row["un"] for row in rows],
        words=[row["words"].split("|") for row in rows],
        english=[row["english"] for row in rows],
        hazards=table / table.sum(axis=1, keepdims=True),
    )
