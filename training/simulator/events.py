"""What happens because of defective goods once sold: complaints, and findings away from the port."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.simulator.catalogue import Catalogue
from training.simulator.draws import Flags, Floats, Ints, chance, pick, stream
from training.simulator.lanes import Lanes
from training.simulator.params import Params
from training.simulator.risk import Risk
from training.simulator.traffic import Traffic

REAL, UNFOUNDED, IRRELEVANT, NEGATED, PRAISE = range(5)
SAMPLING, NOTICE, RETURNED, REPORT = range(4)


@dataclass(frozen=True, slots=True, eq=False)
class Complaints:
    """What is said about lines; days since the period began, with fractions.

    `sort` is one of REAL .. PRAISE. What a text names: brand, maker, trader, ten-digit code, batch number.
    `leads` marks complaints about a bad batch's goods from elsewhere, before its lines' own.
    """

    line: Ints
    sort: Ints
    day: Floats
    known: Floats
    names_brand: Flags
    names_maker: Flags
    names_trader: Flags
    names_code: Flags
    names_batch: Flags
    leads: Flags

    def take(self, rows: Ints | Flags) -> Complaints:
        """Return the complaints at `rows`."""
        return Complaints(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))


@dataclass(frozen=True, slots=True, eq=False)
class Finds:
    """Defective lines found elsewhere; `source` is SAMPLING .. REPORT, days are as in Complaints."""

    line: Ints
    source: Ints
    day: Floats
    known: Floats

    def take(self, rows: Ints | Flags) -> Finds:
        """Return the findings at `rows`."""
        return Finds(self.line[rows], self.source[rows], self.day[rows], self.known[rows])


def consumer_rates(params: Params, catalogue: Catalogue) -> Floats:
    """Return complaints per defective line of each heading."""
    group = np.array([params.groups[name].consumer for name in catalogue.groups])
    return np.asarray(params.opinions.per_defect * group[catalogue.headings.group])


def make_complaints(
    params: Params, catalogue: Catalogue, lanes: Lanes, traffic: Traffic, risk: Risk, seed: int
) -> Complaints:  # fmt: skip
    """Draw who complains about which imported line, when, and what they name."""
    rng, said = stream(seed, "complaints"), params.opinions
    imports = np.flatnonzero(~lanes.exports[traffic.lane])
    real = _repeat(rng, imports, consumer_rates(params, catalogue)[traffic.heading] * risk.y)
    rates = (said.per_line, said.irrelevant_per_line, said.negated_per_line, said.praise_per_line)
    others = [_repeat(rng, imports, np.full(len(traffic.day), rate)) for rate in rates]
    lead = _leads(rng, params, traffic, risk, imports)
    line = np.concatenate([real, *others, lead])
    sort = np.repeat(
        [REAL, UNFOUNDED, IRRELEVANT, NEGATED, PRAISE, REAL], [len(real), *map(len, others), len(lead)]
    )
    leads = np.arange(len(line)) >= len(line) - len(lead)
    after = traffic.day[line] + said.goods_days + rng.exponential(said.delay, len(line))
    start = traffic.runs.start[traffic.batch[line]]
    day = np.where(leads, start + rng.random(len(line)) * said.lead_days, after)
    all_of = Complaints(
        line=line,
        sort=sort,
        day=day,
        known=day + 0.05 + rng.exponential(said.intake_days, len(line)),
        names_brand=chance(rng, said.names_brand, len(line)),
        names_maker=chance(rng, said.names_maker, len(line)),
        names_trader=chance(rng, said.names_trader, len(line)) & ~leads,
        names_code=chance(rng, said.names_code, len(line)),
        names_batch=chance(rng, said.names_batch, len(line)),
        leads=leads,
    )
    inside = all_of.take((day >= 0) & (all_of.known < params.period.days))
    return inside.take(np.argsort(inside.known, kind="stable"))


def _repeat(rng: np.random.Generator, lines: Ints, rate: Floats) -> Ints:
    return np.repeat(lines, rng.poisson(rate[lines]))


def _leads(rng: np.random.Generator, params: Params, traffic: Traffic, risk: Risk, imports: Ints) -> Ints:
    """Lines that stand for the goods of their bad batch: its first imported one, once per early complaint."""
    _, first = np.unique(traffic.batch[imports], return_index=True)
    lines = imports[first]
    lines = lines[risk.batch_bad[lines]]
    return np.repeat(lines, rng.poisson(params.opinions.lead, len(lines)))


def make_finds(params: Params, lanes: Lanes, traffic: Traffic, risk: Risk, seed: int) -> Finds:
    """Draw which defective lines are found by market sampling, abroad, on return, or by the enterprise."""
    rng, found = stream(seed, "finds"), params.findings
    exports = lanes.exports[traffic.lane]
    rates = {
        SAMPLING: np.where(exports, 0.0, found.sampling_per_defect),
        NOTICE: np.where(exports, found.notice_per_export_defect, found.notice_per_defect),
        RETURNED: np.where(exports, found.return_per_export_defect, 0.0),
        REPORT: np.full(len(exports), found.report_per_defect),
    }
    defective = np.flatnonzero(risk.y)
    lines = [_repeat(rng, defective, rate) for rate in rates.values()]
    line = np.concatenate(lines)
    source = np.repeat(list(rates), [len(part) for part in lines])
    day = traffic.day[line] + params.opinions.goods_days + rng.exponential(found.delay, len(line))
    all_of = Finds(line, source, day, day + 0.1 + rng.exponential(found.publish_days, len(line)))
    inside = all_of.take(all_of.known < params.period.days)
    return inside.take(np.argsort(inside.known, kind="stable"))


def duplicates(rng: np.random.Generator, params: Params, complaints: Complaints) -> tuple[Ints, Floats]:
    """Draw which complaints are filed again: their positions, and the days until the second filing."""
    again = np.flatnonzero(chance(rng, params.opinions.duplicated, len(complaints.line)))
    return again, rng.exponential(2.5, len(again)) + 0.02


def channel_of(rng: np.random.Generator, params: Params, complaints: Complaints) -> Ints:
    """Draw the channel of each complaint, by position in `features.terms.Channel`; praise comes as review."""
    drawn = pick(rng, params.opinions.channels, len(complaints.line))
    return np.where(complaints.sort == PRAISE, 4, drawn)
