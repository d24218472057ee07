"""Declaration lines as columns: what features are computed from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.coded import Coded
from features.records import Declaration
from features.regimes import regime_of
from features.values import value_cny

TEXT_COLUMNS = (
    "id", "direction", "hs_code", "ciq_code", "goods_name", "goods_model", "brand", "origin", "departure",
    "destination", "trading_country", "office", "port_office", "district", "transport_mode",
    "supervision_mode", "levy_nature", "process_type", "purpose", "payment_type", "preference",
    "origin_indicator", "terms", "currency", "unit", "consignee", "owner", "agent", "manufacturer",
    "overseas_party", "batch", "un_number",
)  # fmt: skip
NUMBER_COLUMNS = (
    "duty_rate", "total_price", "quantity", "gross_weight_kg", "net_weight_kg", "packages", "shelf_life_days",
    "dangerous", "statutory_inspection",
)  # fmt: skip

DERIVED_TEXT = ("hs2", "hs4", "hs6", "regime")
_DERIVED_NUMBER = ("value_cny", "unit_price_cny")
_texts_of, _numbers_of = attrgetter(*TEXT_COLUMNS), attrgetter(*NUMBER_COLUMNS)


def headings_of(codes: Sequence[str]) -> dict[str, Sequence[str | None]]:
    """Return heading and subheading of the HS codes of lines, by column."""
    return {"hs4": [code[:4] for code in codes], "hs6": [_subheading(code) for code in codes]}


def _subheading(code: str) -> str | None:
    return code[:6] if len(code) >= 6 else None


def _texts(line: Declaration) -> tuple[str | None, ...]:
    code = line.hs_code
    regime = str(regime_of(code, line.ciq_code, dangerous=bool(line.dangerous)))
    derived = (code[:2], code[:4], _subheading(code), regime)
    return (*_texts_of(line), *derived)


def _numbers(line: Declaration) -> tuple[float | None, ...]:
    value = value_cny(line)
    price = value / line.quantity if value is not None and line.quantity else None
    return (*_numbers_of(line), value, price)


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """Declaration lines as columns of equal length.

    Text columns are object arrays with None where missing, number columns float64 with NaN, and `happened_at`
    and `produced_at` are int64 instants with -1 where missing. Derived: `hs2`, `hs4`, `hs6`, `regime`,
    `value_cny`, `unit_price_cny` (per legal unit). `codes` has the text columns that are numbered already.
    """

    columns: dict[str, NDArray[Any]]
    codes: dict[str, Coded] = field(default_factory=dict)

    @classmethod
    def of(cls, declarations: Sequence[Declaration]) -> Lines:
        """Lay declaration records out as columns, in their order."""
        texts = np.array([_texts(line) for line in declarations], dtype=object)
        numbers = np.array([_numbers(line) for line in declarations], dtype=np.float64)  # None becomes NaN
        columns: dict[str, NDArray[Any]] = {
            **_columns((*TEXT_COLUMNS, *DERIVED_TEXT), texts),
            **_columns((*NUMBER_COLUMNS, *_DERIVED_NUMBER), numbers),
        }
        columns["happened_at"] = np.array([line.happened_at for line in declarations], dtype=np.int64)
        produced = [-1 if line.produced_at is None else line.produced_at for line in declarations]
        columns["produced_at"] = np.array(produced, dtype=np.int64)
        return cls(columns)

    def __len__(self) -> int:
        return len(self.columns["id"])

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self.columns[name]

    def coded(self, name: str) -> Coded:
        """Return a text column by its distinct texts, numbered at the first call."""
        found = self.codes.get(name)
        if found is None:
            found = self.codes[name] = Coded.of(self.columns[name])
        return found

    def take(self, rows: Any) -> Lines:
        """Return the lines at `rows`: a boolean mask, positions or a slice."""
        columns = {name: column[rows] for name, column in self.columns.items()}
        return Lines(columns, {name: texts.take(rows) for name, texts in self.codes.items()})


def _columns(names: tuple[str, ...], rows: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """Return the columns of a table by name, each contiguous."""
    return dict(zip(names, np.ascontiguousarray(rows.reshape(-1, len(names)).T), strict=True))
