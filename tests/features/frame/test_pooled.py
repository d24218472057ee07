"""Defects known of maker and trader as one rate: what is summed, and that more never lowers it."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.entities import COMPLAINED, DECLARED, FOUND, INSPECTED
from features.pooled import (
    DOUBT,
    KNOWN_WEIGHTS,
    NAMED,
    PARTIES,
    TOLD_WEIGHTS,
    complaint_evidence,
    known_defects,
)

TALLIES = (COMPLAINED, DECLARED, INSPECTED, FOUND)
SEEDS = st.integers(0, 2**32 - 1)


class Told:
    """Counts of some lines, as facts know them."""

    def __init__(self, rows, seed):
        draw = np.random.default_rng(seed)
        self.lines, self.tallies = range(rows), {}
        absent = {entity: draw.random(rows) < 0.3 for tally in TALLIES for entity in tally.entities}
        for tally in TALLIES:
            shape = rows, len(tally.entities), len(tally.windows), 1 + len(tally.measures)
            windows = np.cumsum(draw.poisson(1.0, shape), axis=2).astype(float)
            windows[:, 0] += windows.sum(axis=1)
            gone = np.stack([absent[entity] for entity in tally.entities], axis=1)
            self.tallies[tally.name] = SimpleNamespace(windows=windows, absent=gone)

    def known(self, tally):
        return self.tallies[tally]

    def once(self, function):
        return function(self)

    def cell(self, tally, row, entity, days, measure=0):
        place = tally.entities.index(entity), tally.windows.index(days)
        return self.known(tally.name).windows[row, *place, measure]

    def has(self, row, entity):
        return not self.known("complained").absent[row, COMPLAINED.entities.index(entity)]


def expected_share(events, lines):
    scale = min(1.0, (lines + 1.0) / (events + 1.0))
    return scale, events * scale / max(lines, 1.0)


def complaints(told, row, party, days):
    """Complaints of a hazard, and those expected of the declared lines."""
    scale, usual = expected_share(
        told.cell(COMPLAINED, row, "all", days, 2), told.cell(DECLARED, row, "all", days)
    )
    named = [entity for entity in party if told.has(row, entity)]
    return (
        sum(told.cell(COMPLAINED, row, entity, days, 2) * scale for entity in named),
        sum(told.cell(DECLARED, row, entity, days) * NAMED * usual for entity in named),
    )


def others(told, row, party):
    """Failed inspections and findings elsewhere, and those expected, each shared among a party's entities."""
    scale, usual = expected_share(told.cell(FOUND, row, "all", 365), told.cell(DECLARED, row, "all", 365))
    failing = told.cell(INSPECTED, row, "all", None, 1) / max(told.cell(INSPECTED, row, "all", None), 1.0)
    named = [entity for entity in party if told.has(row, entity)]
    events = sum(
        told.cell(FOUND, row, entity, 365) * scale + told.cell(INSPECTED, row, entity, None, 1)
        for entity in named
    )
    due = sum(
        told.cell(DECLARED, row, entity, 365) * usual + told.cell(INSPECTED, row, entity, None) * failing
        for entity in named
    )
    return events / len(party), due / len(party)


def log_ratio(events, due, doubt):
    return np.log((events + doubt) / (due + doubt))


def by_hand(told, row):
    """Both features of one line, sum by sum."""
    lately = log_ratio(*complaints(told, row, PARTIES[0], 30), DOUBT[0])
    evidence, known = TOLD_WEIGHTS[2] * lately, KNOWN_WEIGHTS[2] * lately
    for party, heard_weight, weight in zip(PARTIES, TOLD_WEIGHTS, KNOWN_WEIGHTS, strict=False):
        heard, due = complaints(told, row, party, 365)
        seen, usual = others(told, row, party)
        evidence += heard_weight * log_ratio(heard, due, DOUBT[0])
        known += weight * log_ratio(heard + seen, due + usual, DOUBT[1])
    return evidence, known


@given(rows=st.integers(0, 4), seed=SEEDS)
def test_both_are_the_sums_written_out_line_by_line(rows, seed):
    told = Told(rows, seed)
    for row in range(rows):
        evidence, known = by_hand(told, row)
        assert complaint_evidence(told)[row] == pytest.approx(evidence, abs=1e-12)
        assert known_defects(told)[row] == pytest.approx(known, abs=1e-12)


@given(seed=SEEDS, entity=st.sampled_from(["manufacturer", "brand", "consignee"]), more=st.integers(1, 9))
def test_one_more_complaint_or_failure_never_lowers_the_risk(seed, entity, more):
    told = Told(1, seed)
    before = complaint_evidence(told)[0], known_defects(told)[0]
    for tally in TALLIES[:1] + TALLIES[2:]:
        measure = {"complained": 2, "inspected": 1, "found": 0}[tally.name]
        told.known(tally.name).windows[0, tally.entities.index(entity), :, measure] += more
    after = complaint_evidence(told)[0], known_defects(told)[0]
    if told.has(0, entity):
        assert after[0] > before[0]
        assert after[1] > before[1]
    else:
        assert after == before


def test_a_line_without_maker_and_trader_is_as_usual():
    told = Told(1, 0)
    told.known("complained").absent[:] = True
    assert complaint_evidence(told)[0] == 0.0
    assert known_defects(told)[0] == 0.0
