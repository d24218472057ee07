"""Trade lanes: what a trader regularly buys or sells, from whom, along which way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.simulator.catalogue import Catalogue
from training.simulator.draws import Flags, Grouped, Ints, chance, pick, stream
from training.simulator.params import Params
from training.simulator.parties import Parties

SEA, RAIL, ROAD, AIR, POST = "2", "3", "4", "5", "6"
TRANSPORT = [SEA, RAIL, ROAD, AIR, POST]
HUBS = ("HK", "SG", "NL")


@dataclass(frozen=True, slots=True, eq=False)
class Lanes:
    """Lanes as columns sorted by trader entity; `country` is the origin (import) or destination (export).

    `by_trader` draws lanes of a trader. `departure` is a country position; `mode` a position in `modes`.
    """

    trader: Ints
    exports: Flags
    commodity: Ints
    maker: Ints
    country: Ints
    departure: Ints
    mode: Ints
    transport: Ints
    preference: Flags
    office: Ints
    owner: Ints
    overseas: Ints
    by_trader: Grouped
    modes: list[str]


def make_lanes(params: Params, catalogue: Catalogue, parties: Parties, seed: int) -> Lanes:
    """Draw each trader's lanes: larger traders have more."""
    rng, traders = stream(seed, "lanes"), parties.traders
    largest = np.sqrt(traders.weight / traders.weight.max())
    counts = 1 + rng.poisson(params.size.lanes_small + params.size.lanes_large * largest)
    trader = np.repeat(np.arange(traders.entities), counts)
    first = np.cumsum(counts) - counts
    rank = np.arange(len(trader)) - first[trader]
    exports = traders.exports[trader]
    heading = _headings(rng, catalogue, traders.group[trader])
    product = parties.makers.by_heading.pick(rng, exports * len(catalogue.headings.hs4) + heading)
    maker = parties.makers.product_maker[product]
    abroad = _destinations(rng, params, catalogue, len(trader))
    country = np.where(exports, abroad, parties.makers.country[maker])
    modes, mode = _modes(rng, params, exports, rank)
    return Lanes(
        trader=trader,
        exports=exports,
        commodity=catalogue.by_heading.pick(rng, heading),
        maker=maker,
        country=country,
        departure=_departures(rng, params, catalogue, country),
        mode=mode,
        transport=_transport(rng, catalogue, country, np.array(modes)[mode]),
        preference=_preferences(rng, params, catalogue, country, exports),
        office=_offices(rng, params, traders.office[trader]),
        owner=_owners(rng, params, traders.entities, trader),
        overseas=trader * 2 + chance(rng, 0.35, len(trader)),
        by_trader=Grouped(trader, (rank + 1.0) ** -params.size.lane_zipf, traders.entities),
        modes=modes,
    )


def _headings(rng: np.random.Generator, catalogue: Catalogue, group: Ints) -> Ints:
    order = np.argsort(catalogue.headings.group, kind="stable")
    weight = catalogue.headings.weight
    members = Grouped(catalogue.headings.group[order], weight[order], len(catalogue.groups))
    usual = order[members.pick(rng, group)]
    return np.where(chance(rng, 0.85, len(group)), usual, pick(rng, weight, len(group)))


def _destinations(rng: np.random.Generator, params: Params, catalogue: Catalogue, size: int) -> Ints:
    codes = np.array([catalogue.countries.index(code) for code in params.destinations])
    return np.asarray(codes[pick(rng, list(params.destinations.values()), size)], dtype=np.int64)


def _modes(rng: np.random.Generator, params: Params, exports: Flags, rank: Ints) -> tuple[list[str], Ints]:
    """A trader's first lane sets its mode; nine in ten of its other lanes keep it."""
    modes = list(params.modes.risk)
    drawn = np.zeros(len(exports), dtype=np.int64)
    for shares, rows in ((params.modes.imports, ~exports), (params.modes.exports, exports)):
        codes = np.array([modes.index(mode) for mode in shares])
        drawn[rows] = codes[pick(rng, list(shares.values()), int(rows.sum()))]
    first = np.maximum.accumulate(np.where(rank == 0, np.arange(len(rank)), 0))
    return modes, np.where(chance(rng, 0.9, len(rank)), drawn[first], drawn)


def _departures(rng: np.random.Generator, params: Params, catalogue: Catalogue, country: Ints) -> Ints:
    direct = np.array([params.countries[code][4] for code in catalogue.countries[:-1]] + [1.0])
    hubs = np.array([catalogue.countries.index(code) for code in HUBS if code in catalogue.countries])
    by_hub = hubs[pick(rng, np.ones(len(hubs)), len(country))]
    return np.where(chance(rng, direct[country], len(country)), country, by_hub)


def _transport(rng: np.random.Generator, catalogue: Catalogue, country: Ints, mode: Ints) -> Ints:
    near = np.isin(
        country, [catalogue.countries.index(c) for c in ("VN", "RU", "KZ", "HK") if c in catalogue.countries]
    )
    usual = pick(rng, [0.72, 0.04, 0.04, 0.2, 0.0], len(country))
    overland = pick(rng, [0.35, 0.15, 0.42, 0.08, 0.0], len(country))
    parcel = pick(rng, [0.2, 0.0, 0.1, 0.5, 0.2], len(country))
    return np.where(np.isin(mode, ["9610", "9710"]), parcel, np.where(near, overland, usual))


def _preferences(
    rng: np.random.Generator, params: Params, catalogue: Catalogue, country: Ints, exports: Flags
) -> Flags:
    offered = np.array([params.countries[code][3] != "" for code in catalogue.countries[:-1]] + [False])
    return offered[country] & ~exports & chance(rng, params.lines.preference_used, len(country))


def _offices(rng: np.random.Generator, params: Params, home: Ints) -> Ints:
    other = pick(rng, [share for share, _ in params.offices.values()], len(home))
    return np.where(chance(rng, 0.85, len(home)), home, other)


def _owners(rng: np.random.Generator, params: Params, entities: int, trader: Ints) -> Ints:
    other = rng.integers(0, entities, len(trader))
    return np.where(chance(rng, params.traders.owner_other, len(trader)), other, trader)
