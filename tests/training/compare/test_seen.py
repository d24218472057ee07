"""What gates saw is said in Chinese, whole, whatever they saw."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from features.lines import Lines
from features.terms import Direction, Selection
from models.bundle import bundles_folder, verified_contents
from models.calibration import Platt
from models.keys import public_keys
from training.clusters import Clusters
from training.compare.comparison import Named, compare
from training.compare.golden import Golden, Moved
from training.compare.latency import Latency
from training.compare.months import by_month
from training.compare.pair import Pair
from training.compare.ranking import differences
from training.compare.reasons import Reasons
from training.compare.seen import SOURCES, seen_words
from training.compare.slices import slices_of
from training.compare.verdict import Evidence, gates_of, unjudged
from training.figures import NO_INTERVAL
from training.gates import calibration_gate
from training.poisoning.gate import _said
from training.poisoning.suspicion import Suspicion
from training.policy import gate_policy
from training.promote import parse_version, read_version
from training.tracking import Tracking
from training.workshop import Workshop

pytestmark = pytest.mark.xdist_group("two-versions")

ROWS = 900
POLICY = gate_policy()
MAY = 1_777_600_000_000_000


def left_english(seen: str) -> list[str]:
    """Return the English words that the Chinese kept; codes are written large."""
    zh, en = seen_words(seen)
    assert en == seen
    return re.findall(r"[a-z]{2,}", zh)


def evidence(ours: float, *, moved: bool) -> Evidence:
    """Two models on some months of two origins; the better `ours`, the better the challenger."""
    random = np.random.default_rng(3)
    risk = random.beta(1, 5, ROWS)
    positive = random.random(ROWS) < risk
    at = MAY + np.arange(ROWS) * 13_000_000_000
    noise = random.beta(1, 5, ROWS)
    lines = Lines({"id": np.arange(ROWS).astype(object), "happened_at": at, "consignee": np.full(ROWS, None)})
    pair = Pair(lines, at, positive, np.zeros(ROWS, dtype=bool), ours * risk + (1 - ours) * noise, risk)
    labels = {
        "origin": np.where(np.arange(ROWS) % 3 == 0, "TH", "DE").astype(object),
        "new_enterprise": np.where(np.arange(ROWS) % 2 == 0, "known ≥ 90 d", "first seen < 90 d").astype(
            object
        ),
    }
    months = by_month(positive, at, {"challenger": pair.ours / 9, "champion": risk}, 0.95)
    return Evidence(
        positive,
        differences(pair, POLICY),
        months if moved else by_month(positive, at, {"challenger": risk, "champion": risk}, 0.95),
        slices_of(pair, labels, POLICY),
        Golden("2026-05-01", 200, 0, 0.0 if moved else None, (Moved("L1", 0.1, 0.2),)),
        Reasons(300, 0.83, 0.5, {}),
        Latency(300, 10.0, 9.0, 1.1, 1.0, 1.2),
    )


@pytest.mark.parametrize("moved", [False, True])
@pytest.mark.parametrize("ours", [0.0, 1.0])
def test_every_gate_of_a_comparison_is_said_in_chinese(ours: float, moved: bool) -> None:
    found = list(gates_of(evidence(ours, moved=moved), POLICY))
    assert len(found) >= 7
    assert {gate.name: left_english(gate.seen) for gate in found} == {gate.name: [] for gate in found}


def test_what_could_not_be_judged_is_said_in_chinese() -> None:
    few = replace(evidence(1.0, moved=False), positive=np.zeros(ROWS, dtype=bool))
    for gate in gates_of(few, POLICY):
        assert left_english(gate.seen) == [], gate.seen
    assert seen_words(f"average precision 0.1, champion 0.2; {NO_INTERVAL[1]}")[0].endswith(NO_INTERVAL[0])
    flat = {Direction.IMPORT: Platt(0.05), Direction.EXPORT: Platt(0.05)}
    none = calibration_gate(np.zeros(9, dtype=bool), np.full(9, 0.1), Clusters.alone(9), flat, POLICY)
    assert left_english(none.seen) == []


@pytest.mark.parametrize("kind", SOURCES)
@pytest.mark.parametrize(
    "counted", ["failures", "passes", "random passes", "random passes lately", "passes at 所一"]
)
def test_a_suspicion_is_said_in_chinese(kind: str, counted: str) -> None:
    name = str(Selection.TARGETING) if kind == "selected_by" else "5200 (lately)"
    said = _said(Suspicion(kind, name, counted, 90, 9, 20.4, 0.07))
    assert left_english(f"153 sources and enterprises judged, 30 lines needed; least likely: {said}") == []


def test_a_signed_report_and_a_comparison_are_said_in_chinese(shop: Workshop) -> None:
    tracking = Tracking(shop.home)
    told: list[str] = []
    for name in ("nonconforming/1", "nonconforming/2"):
        version = parse_version(name, tracking)
        place = bundles_folder(shop.home) / version.fingerprint
        contents = verified_contents(place, public_keys(shop.home), fingerprint=version.fingerprint)
        told += [gate["seen"] for gate in json.loads(contents["gates.json"])["gates"]]
    pair = [Named(str(v), read_version(shop.home, v)) for v in tracking.versions("nonconforming")]
    told += [gate.seen for gate in compare(shop, pair[1], pair[0], POLICY).gates]
    assert {seen: left_english(seen) for seen in told} == {seen: [] for seen in told}


def test_what_is_not_known_stays_as_it_was_said() -> None:
    gate = unjudged("Nothing to compare on: 0 lines", POLICY)
    assert seen_words(gate.seen) == (f"未判定：{gate.seen.removeprefix('not judged: ')}", gate.seen)
