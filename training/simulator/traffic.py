"""Declaration lines of the simulated port as they truly are: when, which lane, how much, for what price."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.instants import DAY, SECOND, start_of_day
from training.simulator.catalogue import KILOGRAM, Catalogue
from training.simulator.draws import Flags, Floats, Ints, chance, stream
from training.simulator.lanes import Lanes
from training.simulator.params import Params
from training.simulator.parties import Parties

RUNS_AT_MOST = 10_000
SPECIAL_MODES = ("1210", "9610", "9710", "1039")


@dataclass(frozen=True, slots=True, eq=False)
class Runs:
    """Production runs of each maker x heading; a batch is a run that some line comes from."""

    product: Ints
    length: Floats
    phase: Floats
    keys: Ints
    start: Floats

    def batch_at(self, product: Ints, day: Floats, back: int) -> Ints:
        """Return the batch of `product` made on `day`, or `back` runs earlier; -1 if no line came from it."""
        place = np.searchsorted(self.product, product).clip(0, len(self.product) - 1)
        run = np.floor((day + self.phase[place]) / self.length[place]).astype(np.int64) - back
        key = place * RUNS_AT_MOST + run
        batch = np.searchsorted(self.keys, key).clip(0, len(self.keys) - 1)
        return np.where((self.keys[batch] == key) & (self.product[place] == product), batch, -1)


@dataclass(frozen=True, slots=True, eq=False)
class Traffic:
    """Lines in the order of their declaration; positions refer to lanes, commodities, traders' codes.

    `day` counts from the period's first day with its fraction, `declared_at` is its instant; `price_z` is the
    logarithm of the unit price over its usual level in standard deviations; `batch` is unique to maker x
    heading x run; `maker_known` and `brand_known` say what the declaration names.
    """

    begin: int
    end: int
    day: Floats
    declared_at: Ints
    entry: Ints
    item: Ints
    lane: Ints
    code: Ints
    commodity: Ints
    heading: Ints
    price_z: Floats
    value_cny: Floats
    quantity: Floats
    net_kg: Floats
    product: Ints
    batch: Ints
    runs: Runs
    maker_known: Flags
    brand_known: Flags
    overseas_known: Flags


def make_traffic(
    params: Params, catalogue: Catalogue, parties: Parties, lanes: Lanes, size: tuple[int, int]
) -> Traffic:
    """Draw `size` = (lines, seed): declarations, each of one or several lines of its trader."""
    lines, seed = size
    rng = stream(seed, "traffic")
    begin = start_of_day(params.period.until - dt.timedelta(days=params.period.days - 1))
    items = _items(rng, params, lines)
    trader, day = _headers(rng, params, catalogue, parties, len(items))
    order = np.argsort(day, kind="stable")
    entry = np.repeat(np.arange(len(items)), items[order])[:lines]
    trader, day = trader[order][entry], day[order][entry]
    lane = lanes.by_trader.pick(rng, trader)
    heading = catalogue.heading[lanes.commodity[lane]]
    product = lanes.maker[lane] * len(catalogue.headings.hs4) + heading
    batch, runs = _batches(rng, params, product, day)
    changed = day >= parties.traders.change_day[trader]
    usual = _prices(params, catalogue, parties, lanes, lane, seed)
    return Traffic(
        begin=begin,
        end=begin + params.period.days * DAY,
        day=day,
        declared_at=begin + (day * 86_400).astype(np.int64) * SECOND + entry % 1_000_000,
        entry=entry,
        item=np.arange(lines) - np.searchsorted(entry, entry),
        lane=lane,
        code=np.where(changed, parties.traders.successor[trader], trader),
        commodity=lanes.commodity[lane],
        heading=heading,
        product=product,
        batch=batch,
        runs=runs,
        **_amounts(rng, params, catalogue, lanes.commodity[lane], usual),
        **_named(rng, params, np.array(lanes.modes)[lanes.mode[lane]]),
    )


def _amounts(
    rng: np.random.Generator, params: Params, catalogue: Catalogue, commodity: Ints, usual: Floats
) -> dict[str, Any]:
    """Unit price, value, quantity and weight of each line, from the usual price on its lane."""
    lines, heading = len(commodity), catalogue.heading[commodity]
    price_z = rng.normal(0, 1, lines)
    price = usual * np.exp(price_z * params.lines.price_noise)
    value = params.lines.value_median * np.exp(rng.normal(0, params.lines.quantity_spread, lines))
    by_weight = np.array(catalogue.headings.unit)[heading] == KILOGRAM
    quantity = np.maximum(1.0, np.where(by_weight, np.round(value / price, 1), np.round(value / price)))
    noise = np.where(by_weight, 1.0, np.exp(rng.normal(0, params.lines.weight_noise, lines)))
    return {
        "price_z": price_z,
        "value_cny": np.round(price * quantity, 2),
        "quantity": quantity,
        "net_kg": np.round(catalogue.kg[commodity] * quantity * noise, 3),
    }


def _named(rng: np.random.Generator, params: Params, mode: NDArray[Any]) -> dict[str, Any]:
    """Whether each line names maker, brand and overseas party: seldom in parcels and market procurement."""
    shares, lines, special = params.lines, len(mode), np.isin(mode, SPECIAL_MODES)
    maker = np.where(special, shares.maker_missing_special, shares.maker_missing)
    brand = np.where(special, shares.brand_missing_special, shares.brand_missing)
    return {
        "maker_known": ~chance(rng, maker, lines),
        "brand_known": ~chance(rng, brand, lines),
        "overseas_known": ~chance(rng, shares.overseas_missing, lines),
    }


def _items(rng: np.random.Generator, params: Params, lines: int) -> Ints:
    headers = int(lines / params.lines.items_mean * 1.2) + 50
    items = rng.geometric(1 / params.lines.items_mean, headers)
    total = np.cumsum(items)
    return items[: int(np.searchsorted(total, lines)) + 1]


def _headers(
    rng: np.random.Generator, params: Params, catalogue: Catalogue, parties: Parties, count: int
) -> tuple[Ints, Floats]:
    """Trader entity and day of each declaration: busier in season, only while the trader is there."""
    traders = parties.traders
    running = _seasons(params, catalogue)
    grid = np.arange(params.period.days + 1)
    low = np.empty(traders.entities)
    high = np.empty(traders.entities)
    for group in range(len(catalogue.groups)):
        rows = traders.group == group
        low[rows] = np.interp(traders.start[: traders.entities][rows], grid, running[group])
        high[rows] = np.interp(traders.end[rows], grid, running[group])
    busy = np.cumsum(traders.weight * np.maximum(high - low, 1e-9))
    trader = np.searchsorted(busy, rng.random(count) * busy[-1], side="right").clip(0, traders.entities - 1)
    at = low[trader] + rng.random(count) * (high - low)[trader]
    day = np.zeros(count)
    for group in range(len(catalogue.groups)):
        rows = traders.group[trader] == group
        day[rows] = np.floor(np.interp(at[rows], running[group], grid))
    hours = rng.beta(2.2, 2.0, count) * 13 + 7.5
    return trader, np.minimum(day, params.period.days - 1) + hours / 24


def _seasons(params: Params, catalogue: Catalogue) -> list[Floats]:
    first = params.period.until - dt.timedelta(days=params.period.days - 1)
    dates = [first + dt.timedelta(days=day) for day in range(params.period.days)]
    month = np.array([date.month - 1 for date in dates])
    usual = (
        np.array(params.period.monthly)[month] * np.array(params.period.weekday)[[d.weekday() for d in dates]]
    )
    return [
        np.concatenate([[0.0], np.cumsum(usual * np.array(params.groups[name].monthly)[month])])
        for name in catalogue.groups
    ]


def _batches(rng: np.random.Generator, params: Params, product: Ints, day: Floats) -> tuple[Ints, Runs]:
    """Production runs: each maker x heading has its own length and phase."""
    unique, place = np.unique(product, return_inverse=True)
    length = params.batches.run_days * rng.uniform(2 / 3, 4 / 3, len(unique))
    phase = rng.random(len(unique)) * length
    run = np.floor((day + phase[place]) / length[place]).astype(np.int64)
    keys, batch = np.unique(place.astype(np.int64) * RUNS_AT_MOST + run, return_inverse=True)
    owner = keys // RUNS_AT_MOST
    start = (keys % RUNS_AT_MOST) * length[owner] - phase[owner]
    return batch.astype(np.int64), Runs(unique, length, phase, keys, start)


def _prices(
    params: Params, catalogue: Catalogue, parties: Parties, lanes: Lanes, lane: Ints, seed: int
) -> Floats:
    """Usual CNY per legal unit on each line's lane."""
    rng = stream(seed, "prices")
    level = np.array([params.countries[code][1] for code in catalogue.countries[:-1]] + [1.0])
    maker = rng.normal(0, params.lines.price_maker, len(parties.makers.name))
    local = rng.normal(0, params.lines.price_origin, (len(catalogue.hs_codes), len(catalogue.countries)))
    commodity, country = lanes.commodity[lane], lanes.country[lane]
    usual = catalogue.price[commodity] * np.where(lanes.exports[lane], 1.0, level[country])
    return np.asarray(usual * np.exp(maker[lanes.maker[lane]] + local[commodity, country]))
