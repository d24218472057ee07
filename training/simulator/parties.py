"""Makers, traders, agents and overseas parties of the simulated port."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.simulator.catalogue import Catalogue
from training.simulator.draws import Flags, Floats, Grouped, Ints, chance, pick, stream, zipf_weights
from training.simulator.names import brand_names, credit_codes, domestic_firms, foreign_firms
from training.simulator.params import Params

ADVANCED, USUAL, DISHONEST = 2, 1, 0


@dataclass(frozen=True, slots=True, eq=False)
class Makers:
    """Manufacturers, and their products: (maker, heading) pairs sorted by direction and heading."""

    name: list[str]
    brand: list[str]
    exports: Flags
    country: Ints
    product_maker: Ints
    product_heading: Ints
    by_heading: Grouped


@dataclass(frozen=True, slots=True, eq=False)
class Traders:
    """Domestic traders by code: the new codes of those that change identity stand at the end.

    `entity` is who stands behind a code; `successor` the code taken on `change_day` (-1: none). Days count
    from the first day of the period; `effect` is the entity's own risk.
    """

    code: list[str]
    name: list[str]
    entity: Ints
    entities: int
    exports: Flags
    weight: Floats
    group: Ints
    office: Ints
    agent: Ints
    start: Floats
    end: Floats
    registered_days: Floats
    credit: Ints
    effect: Floats
    change_day: Floats
    successor: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Parties:
    """Everyone, and the overseas parties' names and countries are those of trade lanes."""

    makers: Makers
    traders: Traders
    agent_code: list[str]
    agent_name: list[str]
    overseas: list[str]


def make_parties(params: Params, catalogue: Catalogue, lines: int, seed: int) -> Parties:
    """Draw all parties of a port of so many lines."""
    makers = _make_makers(params, catalogue, params.size.count(params.size.makers, lines), seed)
    agents = params.size.count(params.size.agents, lines)
    traders = _make_traders(params, catalogue, lines, agents, seed)
    rng = stream(seed, "agents")
    regions = np.full(agents, 31, dtype=np.int64)
    names = [name.replace("有限公司", "报关有限公司") for name in domestic_firms(rng, agents, plants=False)]
    return Parties(
        makers=makers,
        traders=traders,
        agent_code=credit_codes(rng, regions, 0.0),
        agent_name=names,
        overseas=foreign_firms(stream(seed, "overseas"), traders.entities * 2 + len(traders.code)),
    )


def _make_makers(params: Params, catalogue: Catalogue, count: int, seed: int) -> Makers:
    rng = stream(seed, "makers")
    headings = catalogue.headings
    floor = 2 * len(headings.hs4)
    count = max(count, floor)
    # every heading has a maker in each direction; the others follow the headings' weights
    spread = np.arange(floor)
    heading = np.concatenate([spread % len(headings.hs4), pick(rng, headings.weight, count - floor)])
    exports = np.concatenate(
        [spread >= len(headings.hs4), chance(rng, params.traders.exporters, count - floor)]
    )
    heading = heading.astype(np.int64)
    country = _origins(rng, params, catalogue, heading)
    country[exports] = len(catalogue.countries) - 1
    second = np.flatnonzero(chance(rng, params.size.second_product, count))
    other = _same_group(rng, catalogue, heading[second])
    maker = np.concatenate([np.arange(count), second])
    product = np.concatenate([heading, other])
    weight = rng.permutation(zipf_weights(count, params.size.zipf, params.size.zipf_offset))
    key = exports[maker] * len(headings.hs4) + product
    order = np.lexsort((maker, key))
    abroad, home = foreign_firms(rng, count), domestic_firms(rng, count, plants=True)
    return Makers(
        name=[home[i] if exports[i] else abroad[i] for i in range(count)],
        brand=brand_names(rng, count),
        exports=exports,
        country=country,
        product_maker=maker[order],
        product_heading=product[order],
        by_heading=Grouped(key[order], weight[maker[order]], 2 * len(headings.hs4)),
    )


def _origins(rng: np.random.Generator, params: Params, catalogue: Catalogue, heading: Ints) -> Ints:
    """Countries of makers: each heading comes from a few of its group's origins."""
    result = np.zeros(len(heading), dtype=np.int64)
    for index, group in enumerate(catalogue.headings.group):
        rows = np.flatnonzero(heading == index)
        origins = params.groups[catalogue.groups[group]].origins
        codes = np.array([catalogue.countries.index(code) for code in origins])
        tilt = rng.gamma(params.size.origin_spread, 1, len(codes)) + 1e-6
        result[rows] = codes[pick(rng, np.array(list(origins.values())) * tilt, len(rows))]
    return result


def _same_group(rng: np.random.Generator, catalogue: Catalogue, heading: Ints) -> Ints:
    order = np.argsort(catalogue.headings.group, kind="stable")
    group = catalogue.headings.group[order]
    members = Grouped(group, catalogue.headings.weight[order], len(catalogue.groups))
    return np.asarray(order[members.pick(rng, catalogue.headings.group[heading])], dtype=np.int64)


def _make_traders(params: Params, catalogue: Catalogue, lines: int, agents: int, seed: int) -> Traders:
    rng, who = stream(seed, "traders"), params.traders
    entities = params.size.count(params.size.traders, lines)
    start, end, age = _lives(rng, params, entities)
    credit = pick(rng, [who.credit_dishonest, 1, who.credit_advanced], entities)
    credit = np.where((start > 0) & (credit == ADVANCED), USUAL, credit)
    effect = rng.normal(0, params.risk.trader_sd, entities)
    leaning = np.exp(params.risk.identity_change_bias * effect)
    changes = chance(rng, np.minimum(1.0, who.changes_identity * leaning / leaning.mean()), entities)
    changing = np.flatnonzero(changes)
    change_day = np.where(changes, start + (end - start) * rng.uniform(0.2, 0.8, entities), np.inf)
    entity = np.concatenate([np.arange(entities), changing])
    successor = np.full(entities, -1, dtype=np.int64)
    successor[changing] = entities + np.arange(len(changing))
    office = pick(rng, [share for share, _ in params.offices.values()], entities)
    regions = np.array([region for _, region in params.offices.values()], dtype=np.int64)[office][entity]
    agent = pick(rng, zipf_weights(agents, 0.8, 2), entities)
    stays = chance(rng, who.identity_same_agent, len(changing))
    new_agent = np.where(stays, agent[changing], pick(rng, np.ones(agents), len(changing)))
    group_weight = np.bincount(catalogue.headings.group, catalogue.headings.weight)
    return Traders(
        code=credit_codes(rng, regions, who.invalid_uscc),
        name=domestic_firms(rng, len(entity), plants=False),
        entity=entity,
        entities=entities,
        exports=chance(rng, who.exporters, entities),
        weight=rng.permutation(zipf_weights(entities, params.size.zipf, params.size.zipf_offset)),
        group=pick(rng, group_weight, entities),
        office=office,
        agent=np.concatenate([agent, new_agent]),
        start=np.concatenate([start, change_day[changing]]),
        end=end,
        registered_days=np.concatenate([age, np.full(len(changing), 20.0)]),
        credit=np.concatenate([credit, np.full(len(changing), USUAL)]),
        effect=effect,
        change_day=change_day,
        successor=successor,
    )


def _lives(rng: np.random.Generator, params: Params, entities: int) -> tuple[Floats, Floats, Floats]:
    """First and last day of each trader, and its age in days when first seen."""
    days = float(params.period.days)
    late = chance(rng, params.traders.start_later, entities)
    start = np.where(late, rng.uniform(0, days * 0.95, entities), 0.0)
    leaves = chance(rng, params.traders.leave_early, entities)
    end = np.where(leaves, start + (days - start) * rng.random(entities), days)
    age = np.where(late, rng.exponential(60, entities), 200 + rng.exponential(2200, entities))
    return start, end, age
