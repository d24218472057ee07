"""Declaration lines as columns: what features are computed from."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

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


def _unit_price(line: Declaration) -> float | None:
    value = value_cny(line)
    return value / line.quantity if value is not None and line.quantity else None


_DERIVED_TEXT: dict[str, Callable[[Declaration], str | None]] = {
    "hs2": lambda line: line.hs_code[:2],
    "hs4": lambda line: line.hs_code[:4],
    "hs6": lambda line: line.hs_code[:6] if len(line.hs_code) >= 6 else None,
    "regime": lambda line: str(regime_of(line.hs_code, line.ciq_code, dangerous=bool(line.dangerous))),
}
_DERIVED_NUMBER: dict[str, Callable[[Declaration], float | None]] = {
    "value_cny": value_cny,
    "unit_price_cny": _unit_price,
}


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """Declaration lines as columns of equal length.

    Text columns are object arrays with None where missing, number columns float64 with NaN, and `happened_at`
    and `produced_at` are int64 instants with -1 where missing. Derived: `hs2`, `hs4`, `hs6`, `regime`,
    `value_cny`, `unit_price_cny` (per legal unit).
    """

    columns: dict[str, NDArray[Any]]

    @classmethod
    def of(cls, declarations: Sequence[Declaration]) -> Lines:
        """Lay declaration records out as columns, in their order."""
        columns: dict[str, NDArray[Any]] = {}
        for name in TEXT_COLUMNS:
            columns[name] = _objects([getattr(line, name) for line in declarations])
        for name, text in _DERIVED_TEXT.items():
            columns[name] = _objects([text(line) for line in declarations])
        for name in NUMBER_COLUMNS:
            columns[name] = _floats([getattr(line, name) for line in declarations])
        for name, number in _DERIVED_NUMBER.items():
            columns[name] = _floats([number(line) for line in declarations])
        columns["happened_at"] = np.array([line.happened_at for line in declarations], dtype=np.int64)
        produced = [-1 if line.produced_at is None else line.produced_at for line in declarations]
        columns["produced_at"] = np.array(produced, dtype=np.int64)
        return cls(columns)

    def __len__(self) -> int:
        return len(self.columns["id"])

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self.columns[name]

    def take(self, rows: NDArray[Any]) -> Lines:
        """Return the lines at `rows`, a boolean mask or positions."""
        return Lines({name: column[rows] for name, column in self.columns.items()})


def _objects(values: list[Any]) -> NDArray[Any]:
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column


def _floats(values: list[float | None]) -> NDArray[Any]:
    return np.array([math.nan if value is None else value for value in values], dtype=np.float64)
