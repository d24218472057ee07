"""What makes lines defective: known structure, hidden effects of parties and batches, and the outcome."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from training.simulator.catalogue import Catalogue
from training.simulator.draws import Flags, Floats, Ints, chance, stream
from training.simulator.lanes import Lanes
from training.simulator.params import Params
from training.simulator.parties import ADVANCED, DISHONEST, Parties
from training.simulator.traffic import Traffic

MONTH = 30.4375
CONSUMER_GROUPS = ("toy", "appliance", "cosmetics")
POST_MODES = ("1210", "9610", "9710")


@dataclass(frozen=True, slots=True, eq=False)
class Risk:
    """The truth of every line.

    structure: log-odds from what is declared and the world's fixed coefficients, intercept included;
    p_latent: chance of a defect, hidden effects and batches included; y: whether the line is defective,
    drawn once; batch_bad: whether its batch went wrong; hazard: what is or would be wrong.
    """

    structure: Floats
    p_latent: Floats
    y: Flags
    batch_bad: Flags
    bad_cells: Flags
    hazard: Ints
    new_trader: Flags
    post: Flags
    food: Flags


def make_risk(
    params: Params, catalogue: Catalogue, parties: Parties, lanes: Lanes, traffic: Traffic, seed: int
) -> Risk:  # fmt: skip
    """Add up the log-odds of every line, solve the intercept for the defective share, and draw outcomes."""
    rng = stream(seed, "risk")
    structure = _structure(rng, params, catalogue, parties, lanes, traffic)
    hidden = _hidden(rng, params, catalogue, parties, lanes, traffic)
    bad_cells = chance(rng, params.batches.bad, len(traffic.runs.keys))
    lift = rng.normal(params.batches.lift, params.batches.lift_sd, len(traffic.runs.keys)) * bad_cells
    logit = structure + hidden + lift[traffic.batch]
    intercept = _intercept(logit, params.risk.defective)
    p_latent = expit(logit + intercept)
    group = np.array(catalogue.groups)[catalogue.headings.group[traffic.heading]]
    age = traffic.day - parties.traders.start[traffic.code]
    mode = np.array(lanes.modes)[lanes.mode[traffic.lane]]
    return Risk(
        structure=structure + intercept,
        p_latent=p_latent,
        y=chance(rng, p_latent, len(p_latent)),
        batch_bad=bad_cells[traffic.batch],
        bad_cells=bad_cells,
        hazard=_hazards(rng, catalogue, traffic, bad_cells),
        new_trader=(parties.traders.start[traffic.code] > 0) & (age < 90),
        post=np.isin(mode, POST_MODES),
        food=group == "food",
    )


def _structure(
    rng: np.random.Generator,
    params: Params,
    catalogue: Catalogue,
    parties: Parties,
    lanes: Lanes,
    traffic: Traffic,
) -> Floats:
    risk, lane, traders = params.risk, traffic.lane, parties.traders
    commodity = catalogue.headings.risk[catalogue.heading] * risk.heading
    commodity = commodity + rng.normal(0, risk.commodity_sd, len(commodity))
    country = np.array([params.countries[code][0] for code in catalogue.countries[:-1]] + [0.0])
    mode = np.array([params.modes.risk[mode] for mode in lanes.modes])[lanes.mode[lane]]
    credit = traders.credit[traffic.code]
    listed = risk.credit_advanced * (credit == ADVANCED) + risk.credit_dishonest * (credit == DISHONEST)
    late = traders.start[traffic.code] > 0
    age = traffic.day - traders.start[traffic.code]
    fresh = risk.new_trader * late * np.exp(-age / risk.new_trader_days)
    cheap = risk.under_pricing * np.maximum(0, -traffic.price_z - 0.5)
    group = np.array(catalogue.groups)[catalogue.headings.group[traffic.heading]]
    post = np.isin(np.array(lanes.modes)[lanes.mode[lane]], POST_MODES)
    by_post = risk.consumer_by_post * (post & np.isin(group, CONSUMER_GROUPS))
    summer = risk.summer_food * ((group == "food") & _summer(params, traffic))
    undeclared = risk.maker_undeclared * ~traffic.maker_known
    declared = commodity[traffic.commodity] + risk.country * country[lanes.country[lane]] + mode
    return np.asarray(declared + listed + fresh + cheap + by_post + summer + undeclared)


def _summer(params: Params, traffic: Traffic) -> Flags:
    first = np.datetime64(params.period.until) - (params.period.days - 1)
    months = (first + traffic.day.astype(np.int64)).astype("datetime64[M]").astype(np.int64) % 12
    return np.asarray((months >= 5) & (months <= 8))


def _hidden(
    rng: np.random.Generator,
    params: Params,
    catalogue: Catalogue,
    parties: Parties,
    lanes: Lanes,
    traffic: Traffic,
) -> Floats:
    """Effects of maker, trader, heading x country and trader x heading; makers and countries drift."""
    risk, lane = params.risk, traffic.lane
    headings, countries = len(catalogue.headings.hs4), len(catalogue.countries)
    months = int(params.period.days / MONTH) + 2
    month = (traffic.day / MONTH).astype(np.int64)
    maker = rng.normal(0, risk.maker_sd, len(parties.makers.name))
    maker_walk = _walk(rng, len(maker), months, risk.maker_drift)
    country_walk = _walk(rng, countries, months, risk.country_drift)
    local = rng.normal(0, risk.commodity_country_sd, (2, headings, countries))
    pairs, pair = np.unique(lanes.trader * headings + catalogue.heading[lanes.commodity], return_inverse=True)
    trader_heading = rng.normal(0, risk.trader_heading_sd, len(pairs))
    who, place = lanes.maker[lane], lanes.country[lane]
    return np.asarray(
        maker[who]
        + maker_walk[who, month]
        + country_walk[place, month]
        + local[lanes.exports[lane].astype(np.int64), traffic.heading, place]
        + parties.traders.effect[lanes.trader[lane]]
        + trader_heading[pair[lane]]
    )


def _walk(rng: np.random.Generator, count: int, months: int, sd: float) -> Floats:
    steps = rng.normal(0, sd, (count, months))
    steps[:, 0] = 0.0
    return np.cumsum(steps, axis=1)


def _intercept(logit: Floats, share: float) -> float:
    """Solve for the intercept that makes the mean chance equal to `share`."""
    low, high = -30.0, 10.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if expit(logit + middle).mean() < share else (low, middle)
    return low


def _hazards(rng: np.random.Generator, catalogue: Catalogue, traffic: Traffic, bad_cells: Flags) -> Ints:
    """Hazard of each line by its heading; a bad batch has one hazard, and no mere label fault."""
    running = np.cumsum(catalogue.headings.hazards, axis=1)
    single = (rng.random((len(traffic.heading), 1)) > running[traffic.heading]).sum(axis=1)
    first = np.zeros(len(traffic.runs.keys), dtype=np.int64)
    first[traffic.batch[::-1]] = traffic.heading[::-1]
    labels = [index for index, row in enumerate(catalogue.hazards) if row["category"] == "label"]
    grave = catalogue.headings.hazards.copy()
    grave[:, labels] = 0.0
    common = (
        rng.random((len(traffic.runs.keys), 1)) * grave.sum(axis=1)[first][:, None]
        > np.cumsum(grave, axis=1)[first]
    )
    last = len(catalogue.hazards) - 1
    return np.where(bad_cells[traffic.batch], common.sum(axis=1)[traffic.batch], single).clip(0, last)
