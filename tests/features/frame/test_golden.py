"""A golden vector for every feature: what a stored name meant, it means for ever.

`UPDATE_GOLDEN=1 pytest tests/features/frame/test_golden.py` writes tests/golden/features.json, which is
right only when features were added: one whose meaning changes gets a new name instead.
"""

from __future__ import annotations

import json
import math
import os
from pathlib import Path

import numpy as np
import pytest

from features.catalog import CATALOG
from features.frame import build_frame
from features.schema import fit_spec

GOLDEN = Path(__file__).parents[2] / "golden" / "features.json"


@pytest.fixture(scope="module")
def vectors(judged, slow_history, name_risk):
    """Feature name to its values for the three judged lines, None where missing."""
    spec = fit_spec(judged, tuple(CATALOG), name_risk)
    frame = build_frame(judged, slow_history, judged["happened_at"], spec)
    columns = zip(frame.names, frame.values.T.tolist(), strict=True)
    return {name: [None if math.isnan(x) else x for x in column] for name, column in columns}


@pytest.fixture(scope="module")
def golden(vectors):
    if os.environ.get("UPDATE_GOLDEN"):
        rows = ",\n".join(f"{json.dumps(name)}: {json.dumps(values)}" for name, values in vectors.items())
        GOLDEN.write_text(f"{{\n{rows}\n}}\n", encoding="utf-8")
    return json.loads(GOLDEN.read_text(encoding="utf-8"))


def test_every_feature_of_the_catalogue_has_a_golden_vector(golden):
    assert list(golden) == list(CATALOG)


@pytest.mark.parametrize("name", CATALOG)
def test_a_feature_is_what_it_was(name, golden, vectors):
    expected, found = (np.array(values[name], dtype=float) for values in (golden, vectors))
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("name", "by_hand"),
    [
        ("net_to_gross", 600 / 800),
        ("log_unit_price", math.log(30_000 / 600)),
        ("shelf_life_left", 1 - 100 / 1000),
        ("weekday", 1),  # 4 February 2025
        ("days_since_complaint_by_brand", 8),  # told on day 390, known on day 392, judged on day 400
        ("found_severity_by_brand_365d", 2),  # severities 1, 2 and 3
        ("penalties_of_consignee", 1),
        ("declared_name_risk", (-300 - 1024) / 4096),
        # 30 days before day 400: results of lines 36, 37, 38 (39 is an export); 37 failed, M2 made it
        ("nonconformity_ratio_by_manufacturer_30d", math.log(4 / (2 + 4))),
    ],
)
def test_some_features_are_what_they_are_by_hand(name, by_hand, vectors):
    assert vectors[name][0] == pytest.approx(by_hand, rel=1e-12)
