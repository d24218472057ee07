"""What a line is worth in CNY, at the rate in force when it was declared, on the basis customs compares.

Imports are compared at CIF and exports at FOB. What is not known: the rates shipped in
`codes/exchange_rates.csv` are approximate yearly averages until an authority puts the customs' monthly
notice in their place (`use_rates`); freight that nobody stated is left out, not guessed, so a FOB import
without freight is valued too low; EXW is read as FOB, as costs before the border are never stated; terms
other than 1, 2, 3, 4 and 7 (market price, packing) are not adjusted.
"""

from __future__ import annotations

import csv
import math
from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias

from xxhash import xxh3_64

from features.errors import UnreadableFile
from features.instants import Instant, parse_instant
from features.records import Declaration
from features.terms import Direction

INSURANCE_SHARE = 0.003
"""Insurance where it is not stated: 0.3 % of goods and freight (the customs valuation rule)."""

_SHIPPED = Path(__file__).parent / "codes" / "exchange_rates.csv"
_WITHOUT_FREIGHT = frozenset({"3", "4", "7"})  # FOB, C&I, EXW
_WITHOUT_INSURANCE = frozenset({"2", "3", "7"})  # C&F, FOB, EXW
_ADJUSTABLE = frozenset({"1", "2", "3", "4", "7"})

_Series: TypeAlias = tuple[list[Instant], list[float]]


@dataclass(frozen=True, slots=True)
class Rates:
    """CNY for one unit of each currency, by the instant from which it holds."""

    series: dict[str, _Series]

    def at(self, currency: str, instant: Instant) -> float | None:
        """Return the rate in force at `instant`; None for an unknown currency or before its first rate."""
        series = self.series.get(currency)
        if series is None:
            return None
        position = bisect_right(series[0], instant)
        return series[1][position - 1] if position else None

    def fingerprint(self, until: Instant) -> str:
        """Return a digest of the rates that hold from `until` or earlier: what older lines are valued by."""
        digest = xxh3_64()
        for currency, (starts, values) in sorted(self.series.items()):
            held = bisect_right(starts, until)
            if held:
                digest.update(repr((currency, starts[:held], values[:held])).encode())
        return digest.hexdigest()


def read_rates(path: Path) -> Rates:
    """Read a rates file: CSV with columns currency, valid_from (date, Shanghai) and cny_per_unit.

    Raises UnreadableFile when it is not such a file, or a rate is no number above 0.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = sorted(
                (_currency(row["currency"]), parse_instant(row["valid_from"]), _rate(row["cny_per_unit"]))
                for row in csv.DictReader(file, restval="")
            )
    except (OSError, KeyError, ValueError) as error:
        rule = "a rates file has the columns currency, valid_from and cny_per_unit"
        raise UnreadableFile(f"{path}: {rule} ({error})", value=str(path)) from error
    series: dict[str, _Series] = {}
    for currency, since, rate in rows:
        starts, values = series.setdefault(currency, ([], []))
        starts.append(since)
        values.append(rate)
    return Rates(series)


def _currency(text: str) -> str:
    currency = text.strip().upper()
    if len(currency) != 3:
        raise ValueError(f"currency {text!r} is not a code of three letters, such as USD")
    return currency


def _rate(text: str) -> float:
    rate = float(text)
    if not 0 < rate < math.inf:
        raise ValueError(f"cny_per_unit {text!r} is not a number above 0")
    return rate


@lru_cache(maxsize=1)
def shipped_rates() -> Rates:
    """Return the rates that ship with the project, read once."""
    return read_rates(_SHIPPED)


_in_force: list[Rates] = []


def use_rates(rates: Rates | None) -> None:
    """Put an authority's rates in force for this process; None returns to the shipped ones."""
    _in_force[:] = [] if rates is None else [rates]


def rates_in_force() -> Rates:
    """Return the rates by which this process values lines."""
    return _in_force[0] if _in_force else shipped_rates()


def value_cny(line: Declaration) -> float | None:
    """Return the value in CNY (imports CIF, exports FOB), or None where price, currency or rate is missing.

    A value the source states is taken as it is.
    """
    if line.value_cny is not None:
        return line.value_cny
    if line.total_price is None or line.currency is None:
        return None
    rate = rates_in_force().at(line.currency, line.happened_at)
    if rate is None:
        return None
    price = line.total_price * rate
    if line.terms not in _ADJUSTABLE:
        return price
    return _to_cif(price, line) if line.direction is Direction.IMPORT else _to_fob(price, line)


def _to_cif(price: float, line: Declaration) -> float:
    if line.terms in _WITHOUT_FREIGHT:
        price += line.freight_cny or 0.0
    if line.terms not in _WITHOUT_INSURANCE:
        return price
    stated = line.insurance_cny
    return price * (1 + INSURANCE_SHARE) if stated is None else price + stated


def _to_fob(price: float, line: Declaration) -> float:
    if line.terms not in _WITHOUT_INSURANCE:
        stated = line.insurance_cny
        price = price / (1 + INSURANCE_SHARE) if stated is None else price - stated
    if line.terms not in _WITHOUT_FREIGHT:
        price -= line.freight_cny or 0.0
    return max(price, 0.0)
