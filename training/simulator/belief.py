"""What the records allow to know: beliefs about hidden effects and batches, updated as results come in.

Each line's log-odds are its known structure plus the effects of up to four keys (trader code, maker, heading
x country, trader x heading), each believed normal, plus the lift of a batch that may have gone wrong. A
prediction integrates over the beliefs; an inspection result updates them by matching moments (assumed density
filtering). What people complain about and what is found elsewhere is a Poisson process whose rate follows the
chances predicted for the lines sold; its events and its silence update makers, traders and batches.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from features.kernel import compiled
from training.simulator.draws import Floats, Ints

_POINTS, _WEIGHTS = np.polynomial.hermite.hermgauss(9)
NODES = np.sqrt(2.0) * _POINTS
NODE_WEIGHTS = _WEIGHTS / np.sqrt(np.pi)


class Keys(NamedTuple):
    """Beliefs by key: mean and variance of its effect, variance gained a day, and the day they speak of."""

    mean: Floats
    variance: Floats
    growth: Floats
    at: Floats


class Sold(NamedTuple):
    """What was sold under a key and may be complained about: expected events, unfounded ones, their day."""

    expected: Floats
    unfounded: Floats
    at: Floats


class Batches(NamedTuple):
    """Log-odds that a batch went wrong, and what of it was sold, expecting events if it is fine or bad."""

    odds: Floats
    fine: Floats
    bad: Floats
    unfounded: Floats
    at: Floats
    start: Floats


class World(NamedTuple):
    """The constants of belief: lift of a bad batch, decay of what was sold, early complaints, unnamed makers.

    Complaints come in clumps, several about one defective line: `temper` discounts each as a Poisson count's
    overdispersion asks.
    """

    lift: float
    prior_odds: float
    decay_days: float
    lead_rate: float
    lead_days: float
    maker_variance: float
    maker_growth: float
    temper: float


class Beliefs(NamedTuple):
    """All that is believed."""

    keys: Keys
    sold: Sold
    batches: Batches
    world: World


@compiled()
def chance_of(mean: float, variance: float) -> float:
    """Mean of the logistic function over a normal."""
    total = 0.0
    sd = np.sqrt(variance)
    for node in range(len(NODES)):
        total += NODE_WEIGHTS[node] / (1.0 + np.exp(-(mean + sd * NODES[node])))
    return total


@compiled()
def age_key(beliefs: Beliefs, key: int, day: float) -> None:
    """Bring a key's belief to `day`: it drifts, and what was sold stayed silent since."""
    keys, sold = beliefs.keys, beliefs.sold
    keys.variance[key] += keys.growth[key] * (day - keys.at[key])
    keys.at[key] = day
    left = np.exp(-(day - sold.at[key]) / beliefs.world.decay_days)
    silent = sold.expected[key] * (1.0 - left) * beliefs.world.temper
    if silent > 0.0:
        keys.variance[key] /= 1.0 + keys.variance[key] * silent
        keys.mean[key] -= keys.variance[key] * silent
    sold.expected[key] *= left
    sold.unfounded[key] *= left
    sold.at[key] = day


@compiled()
def age_batch(beliefs: Beliefs, batch: int, day: float) -> None:
    """Bring a batch's log-odds to `day`: silence speaks for it."""
    cells, world = beliefs.batches, beliefs.world
    left = np.exp(-(day - cells.at[batch]) / world.decay_days)
    cells.odds[batch] -= (cells.bad[batch] - cells.fine[batch]) * (1.0 - left) * world.temper
    begun = min(max(cells.at[batch] - cells.start[batch], 0.0), world.lead_days)
    now = min(max(day - cells.start[batch], 0.0), world.lead_days)
    cells.odds[batch] -= world.lead_rate * (now - begun) * world.temper
    cells.fine[batch] *= left
    cells.bad[batch] *= left
    cells.unfounded[batch] *= left
    cells.at[batch] = day


@compiled()
def believe(beliefs: Beliefs, factors: Ints, batch: int, day: float) -> tuple[float, float, float]:
    """Return mean and variance of a line's summed effects, and the chance that its batch is bad."""
    mean, variance = 0.0, 0.0
    for key in factors:
        if key >= 0:
            age_key(beliefs, key, day)
            mean += beliefs.keys.mean[key]
            variance += beliefs.keys.variance[key]
        else:
            variance += beliefs.world.maker_variance + beliefs.world.maker_growth * day
    odds = beliefs.world.prior_odds
    if batch >= 0:
        age_batch(beliefs, batch, day)
        odds = beliefs.batches.odds[batch]
    return mean, variance, 1.0 / (1.0 + np.exp(-odds))


@compiled()
def posterior(
    mean: float, variance: float, known: NDArray[np.float64], failed: bool
) -> tuple[float, float, float]:
    """Chance of a result, and mean and variance of the effects given it.

    `known` is (log-odds before effects, chance to detect, log-odds that the selection itself tells).
    """
    sd = np.sqrt(variance)
    total, first, second = 0.0, 0.0, 0.0
    for node in range(len(NODES)):
        effect = mean + sd * NODES[node]
        found = known[1] / (1.0 + np.exp(-(effect + known[0] + known[2])))
        weight = NODE_WEIGHTS[node] * (found if failed else 1.0 - found)
        total += weight
        first += weight * effect
        second += weight * effect * effect
    centre = first / total
    return total, centre, max(second / total - centre * centre, 1e-9)


@compiled()
def learn_result(
    beliefs: Beliefs, factors: Ints, batch: int, day: float, known: NDArray[np.float64], failed: bool
) -> None:
    """Update every key of a line, and its batch, by an inspection result."""
    mean, variance, bad = believe(beliefs, factors, batch, day)
    fine_chance, fine_mean, fine_variance = posterior(mean, variance, known, failed)
    known[0] += beliefs.world.lift
    bad_chance, bad_mean, bad_variance = posterior(mean, variance, known, failed)
    share = bad * bad_chance / (bad * bad_chance + (1.0 - bad) * fine_chance)
    new_mean = share * bad_mean + (1.0 - share) * fine_mean
    spread = share * (bad_mean - new_mean) ** 2 + (1.0 - share) * (fine_mean - new_mean) ** 2
    new_variance = share * bad_variance + (1.0 - share) * fine_variance + spread
    step = (new_mean - mean) / variance
    shrink = (variance - new_variance) / (variance * variance)
    for key in factors:
        if key >= 0:
            own = beliefs.keys.variance[key]
            beliefs.keys.mean[key] += own * step
            beliefs.keys.variance[key] = max(own * (1.0 - own * shrink), 1e-4)
    if batch >= 0:
        beliefs.batches.odds[batch] += np.log(bad_chance / fine_chance)


@compiled()
def learn_event(beliefs: Beliefs, key: int, batch: int, day: float, founded: bool) -> None:
    """Update a key, and a batch unless -1, by a complaint or (`founded`) a finding that names them."""
    age_key(beliefs, key, day)
    bad = 0.0
    if batch >= 0:
        age_batch(beliefs, batch, day)
        cells, world = beliefs.batches, beliefs.world
        noise = 0.005 if founded else cells.unfounded[batch] + 0.02
        running = cells.start[batch] <= day <= cells.start[batch] + world.lead_days + 3.0
        early = world.lead_rate * world.decay_days if running and not founded else 0.0
        cells.odds[batch] += world.temper * np.log(
            (cells.bad[batch] + early + noise) / (cells.fine[batch] + noise)
        )
        cells.odds[batch] = min(max(cells.odds[batch], -8.0), 8.0)
        bad = 1.0 / (1.0 + np.exp(-cells.odds[batch]))
    expected = beliefs.sold.expected[key]
    noise = 0.0 if founded else beliefs.sold.unfounded[key]
    share = 1.0 if founded else expected / (expected + noise + 1e-9)
    beliefs.keys.mean[key] += beliefs.keys.variance[key] * share * (1.0 - bad) * beliefs.world.temper


@compiled()
def sell(beliefs: Beliefs, key: int, day: float, expected: float, unfounded: float) -> None:
    """Add a line's expected complaints to a key."""
    age_key(beliefs, key, day)
    beliefs.sold.expected[key] += expected
    beliefs.sold.unfounded[key] += unfounded
