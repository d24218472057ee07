"""Measures in kernels give the bits of the formula written out over whole arrays."""

from types import SimpleNamespace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from features.cells import log_found_share, log_inspected_share
from features.entities import DECLARED, FOUND, INSPECTED
from features.facts import Known
from features.measures import shared_positions
from features.rates import log_volume_ratio

SEEDS = st.integers(0, 2**32 - 1)
ROWS = st.integers(0, 5)


def known(tally, rows, seed):
    draw = np.random.default_rng(seed)
    shape = rows, len(tally.entities), len(tally.windows), 1 + len(tally.measures)
    counts = SimpleNamespace(windows=draw.poisson(2.0, shape), first=None, last=None, last_failed=None)
    return Known(counts, draw.random(shape[:2]) < 0.2)


def same_bits(first, second):
    return first.shape == second.shape and first.tobytes() == second.tobytes()


def volume_ratio_of_whole_arrays(events, lines, doubt):
    all_events, all_lines = events[:, :1], lines[:, :1]
    scale = np.minimum(1.0, (all_lines + 1.0) / (all_events + 1.0))
    expected = lines * (all_events * scale / np.maximum(all_lines, 1.0))
    return np.log((events * scale + doubt) / (expected + doubt))


@given(rows=ROWS, seed=SEEDS)
def test_inspections_per_line_are_the_formula_of_whole_arrays(rows, seed):
    inspected, declared = known(INSPECTED, rows, seed), known(DECLARED, rows, seed + 1)
    ours, theirs = places = shared_positions(INSPECTED, DECLARED)
    events, lines = inspected.windows[..., 0][:, ours], declared.windows[..., 0][:, theirs]
    usual = (events[:, :1] + 1.0) / (lines[:, :1] + 20.0)
    expected = np.log((events + 5.0 * usual) / (lines + 5.0) / usual)
    expected[inspected.absent[:, ours]] = np.nan
    assert same_bits(log_inspected_share(inspected, declared, places, 5.0), expected)


@given(rows=ROWS, seed=SEEDS, measure=st.integers(0, 1))
def test_findings_per_line_are_the_volume_ratio_of_whole_arrays(rows, seed, measure):
    found, declared = known(FOUND, rows, seed), known(DECLARED, rows, seed + 1)
    ours, theirs = places = shared_positions(FOUND, DECLARED)
    events, lines = found.windows[..., measure][:, ours], declared.windows[..., 0][:, theirs]
    expected = volume_ratio_of_whole_arrays(events, lines, 1.0)
    assert same_bits(log_volume_ratio(events, lines), expected)
    expected[found.absent[:, ours]] = np.nan
    assert same_bits(log_found_share(found, declared, places, measure), expected)


@given(rows=ROWS, seed=SEEDS, doubt=st.sampled_from([0.1, 1.0, 7.5]))
def test_weighed_complaints_per_line_are_the_volume_ratio_of_whole_arrays(rows, seed, doubt):
    draw = np.random.default_rng(seed)
    told = draw.poisson(2.0, (rows, 6, 5)) / 100.0
    lines = draw.poisson(3.0, (rows, 6, 5, 2))[..., 0] * (7 / 30)
    assert same_bits(log_volume_ratio(told, lines, doubt), volume_ratio_of_whole_arrays(told, lines, doubt))
