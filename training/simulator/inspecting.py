"""Sets the port's days up: who may be known by what, what officers see, and how long results take."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.simulator.belief import Batches, Beliefs, Keys, Sold, World
from training.simulator.catalogue import Catalogue
from training.simulator.draws import Floats, Ints, pick, stream
from training.simulator.events import REAL, UNFOUNDED, Complaints, Finds, consumer_rates
from training.simulator.lanes import Lanes
from training.simulator.params import Params
from training.simulator.parties import ADVANCED, Parties
from training.simulator.port import Events, LineFacts, Log, Policy, empty_log, empty_memory, run_days
from training.simulator.risk import MONTH, Risk
from training.simulator.traffic import Traffic


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """The made world up to the goods on sale: what the port's days work on."""

    params: Params
    catalogue: Catalogue
    parties: Parties
    lanes: Lanes
    traffic: Traffic
    risk: Risk
    complaints: Complaints
    finds: Finds
    seed: int


@dataclass(frozen=True, slots=True, eq=False)
class Inspected:
    """What became of every line: the port's log, inspection depth (0 document, 1 on site, 2 laboratory), the
    day it was looked at, and the lot's chance."""

    log: Log
    depth: Ints
    look_day: Floats
    lot: Floats


def inspect_lines(world: Setting, *, hears: bool = True) -> Inspected:
    """Run the port over the whole period.

    A belief that does not hear takes no notice of complaints and findings elsewhere, nor of their silence;
    everything else stays as it is. It is for judging what they are worth.
    """
    lines = len(world.traffic.day)
    rng = stream(world.seed, "inspecting")
    depth = _depths(rng, world)
    lot = _lots(world)
    factors, keys = _keys(world)
    look, delay = _delays(rng, world, depth)
    expected = _expected(world)
    facts = LineFacts(
        day=world.traffic.day,
        structure=world.risk.structure,
        factors=factors,
        batch=np.where(factors[:, 1] >= 0, world.traffic.batch, -1),
        expected=expected,
        unfounded=_unfounded(world),
        statutory=world.catalogue.headings.statutory[world.traffic.heading],
        lot=lot,
        eager=_eager(rng, world),
        y=world.risk.y,
        sensitivity=np.array(world.params.policy.sensitivity)[depth],
        draws=rng.random((lines, 2)),
        unseen=rng.normal(0, 1, lines),
        delay=delay,
    )
    log = empty_log(lines)
    memory = empty_memory(lines, len(keys.mean), world.params.period.days)
    beliefs = _beliefs(world, keys, expected)
    if not hears:
        beliefs = beliefs._replace(world=beliefs.world._replace(temper=0.0))
    run_days(facts, _events(world, factors), beliefs, _policy(world.params), memory, log)
    return Inspected(log=log, depth=depth, look_day=world.traffic.day + look, lot=lot)


def _keys(world: Setting) -> tuple[Ints, Keys]:
    """Number the keys of belief: trader code, maker, heading x country x direction, trader code x heading."""
    traffic, lanes, risk = world.traffic, world.lanes, world.params.risk
    headings, countries = len(world.catalogue.headings.hs4), len(world.catalogue.countries)
    lane = traffic.lane
    visible = traffic.maker_known | traffic.brand_known
    codes, makers = len(world.parties.traders.code), len(world.parties.makers.name)
    local = (lanes.exports[lane] * headings + traffic.heading) * countries + lanes.country[lane]
    pairs, pair = np.unique(traffic.code * headings + traffic.heading, return_inverse=True)
    starts = np.cumsum([0, codes, makers, 2 * headings * countries, len(pairs)])
    maker = np.where(visible, starts[1] + lanes.maker[lane], -1)
    factors = np.stack([traffic.code, maker, starts[2] + local, starts[3] + pair], axis=1).astype(np.int64)
    sds = (risk.trader_sd, risk.maker_sd, risk.commodity_country_sd, risk.trader_heading_sd)
    drifts = (0.0, risk.maker_drift, risk.country_drift, 0.0)
    sizes = np.diff(starts)
    total = int(starts[-1])
    variance = np.repeat(np.square(sds), sizes)
    growth = np.repeat(np.square(drifts) / MONTH, sizes)
    return factors, Keys(np.zeros(total), variance, growth, np.zeros(total))


def _beliefs(world: Setting, keys: Keys, expected: Floats) -> Beliefs:
    risk, said, runs = world.params.risk, world.params.opinions, world.traffic.runs
    total, batches = len(keys.mean), len(runs.keys)
    odds = float(np.log(world.params.batches.bad / (1 - world.params.batches.bad)))
    constants = World(
        lift=world.params.batches.lift,
        prior_odds=odds,
        decay_days=said.delay + said.goods_days + said.intake_days,
        lead_rate=said.lead * _names_maker(world.params) / said.lead_days,
        lead_days=said.lead_days,
        maker_variance=risk.maker_sd**2,
        maker_growth=risk.maker_drift**2 / MONTH,
        temper=1.0 / (1.0 + float(expected[:, 1].mean())),
    )
    cells = Batches(
        odds=np.full(batches, odds),
        fine=np.zeros(batches),
        bad=np.zeros(batches),
        unfounded=np.zeros(batches),
        at=np.maximum(runs.start, 0.0),
        start=runs.start,
    )
    return Beliefs(keys, Sold(np.zeros(total), np.zeros(total), np.zeros(total)), cells, constants)


def _policy(params: Params) -> Policy:
    p = params.policy
    return Policy(
        threshold=p.threshold_start,
        step=p.threshold_step,
        target=p.target,
        trader_weight=p.trader_weight,
        maker_weight=p.maker_weight,
        complaint_weight=p.complaint_weight,
        prior_count=p.prior_count,
        prior_rate=p.prior_rate,
        hint=p.unseen_hint,
        noise=p.unseen_noise,
    )


def _names_maker(params: Params) -> float:
    return 1 - (1 - params.opinions.names_brand) * (1 - params.opinions.names_maker)


def _expected(world: Setting) -> Floats:
    """Complaints and finds, if the line is defective, that name its trader or its maker: (lines, 2)."""
    found, exports = world.params.findings, world.lanes.exports[world.traffic.lane]
    said = np.where(exports, 0.0, consumer_rates(world.params, world.catalogue)[world.traffic.heading])
    abroad = found.notice_per_export_defect + found.return_per_export_defect
    finds = (
        np.where(exports, abroad, found.sampling_per_defect + found.notice_per_defect)
        + found.report_per_defect
    )
    return np.stack(
        [said * world.params.opinions.names_trader, said * _names_maker(world.params) + finds], axis=1
    )


def _unfounded(world: Setting) -> Floats:
    imports = ~world.lanes.exports[world.traffic.lane]
    rate = world.params.opinions.per_line * imports
    return np.stack([rate * world.params.opinions.names_trader, rate * _names_maker(world.params)], axis=1)


def _lots(world: Setting) -> Floats:
    """Chance of the random draw: more for food, less for trusted traders and for parcels."""
    policy = world.params.policy
    share = np.where(world.risk.food, policy.random_food, policy.random)
    trusted = world.parties.traders.credit[world.traffic.code] == ADVANCED
    share = (
        share
        * np.where(trusted, policy.random_trusted, 1.0)
        * np.where(world.risk.post, policy.random_post, 1.0)
    )
    return np.asarray(np.round(share, 6), dtype=np.float64)


def _eager(rng: np.random.Generator, world: Setting) -> Floats:
    """How risky a line looks to officers before its parties' records: they err about goods from a country."""
    policy, traffic = world.params.policy, world.traffic
    shape = (len(world.catalogue.headings.hs4), len(world.catalogue.countries))
    error = rng.normal(0, policy.commodity_noise, shape)[traffic.heading, world.lanes.country[traffic.lane]]
    usual = world.risk.structure - world.risk.structure.mean()
    cheap = np.maximum(0.0, -traffic.price_z)
    return np.asarray(policy.commodity_weight * (usual + error) + policy.price_weight * cheap)


def _depths(rng: np.random.Generator, world: Setting) -> Ints:
    policy, lines = world.params.policy, len(world.traffic.day)
    usual, food = pick(rng, policy.depth, lines), pick(rng, policy.depth_food, lines)
    statutory = world.catalogue.headings.statutory[world.traffic.heading]
    by_law = pick(rng, policy.depth_statutory, lines)
    return np.where(statutory, by_law, np.where(world.risk.food, food, usual))


def _delays(rng: np.random.Generator, world: Setting, depth: Ints) -> tuple[Floats, Floats]:
    """Days from declaration to look, and (lines, 2) to result if passed or failed."""
    results, lines = world.params.results, len(depth)
    look = 0.1 + rng.exponential(results.look_days, lines)
    waits = np.stack([np.array(results.pass_days)[depth], np.array(results.fail_days)[depth]], axis=1)
    # laboratories need a while at least: gamma with shape 3 rather than exponential
    return look, look[:, None] + 0.02 + waits * rng.gamma(3.0, 1 / 3, lines)[:, None]


def _events(world: Setting, factors: Ints) -> Events:
    """Complaints that sound real, and finds, in the order they are known, with what they name."""
    real = world.complaints.take(np.isin(world.complaints.sort, [REAL, UNFOUNDED]))
    line = np.concatenate([real.line, world.finds.line])
    known = np.concatenate([real.known, world.finds.known])
    founded = np.arange(len(line)) >= len(real.line)
    none = np.zeros(len(world.finds.line), dtype=np.bool_)
    trader = np.where(np.concatenate([real.names_trader, none]), factors[line, 0], -1)
    lines_maker = len(world.parties.traders.code) + world.lanes.maker[world.traffic.lane[line]]
    maker = np.where(np.concatenate([real.names_brand | real.names_maker, ~none]), lines_maker, -1)
    order = np.argsort(known, kind="stable")
    product = world.traffic.product[line]
    candidates = [world.traffic.runs.batch_at(product, known, back) for back in (0, 1)]
    return Events(
        day=known[order],
        line=line[order],
        trader=trader[order],
        maker=maker[order],
        batch=np.stack(candidates, axis=1)[order],
        founded=founded[order],
    )
