"""The stored and counted history gives every feature the value that counting the records one by one gives."""

from __future__ import annotations

import numpy as np
import pytest

from features.catalog import CATALOG
from features.frame import build_frame
from features.history import History
from features.instants import DAY
from features.schema import fit_spec
from features.store.database import Store
from features.store.writer import Entry


@pytest.fixture
def history(sqlite_url, told):
    store = Store.open(sqlite_url)
    store.migrate()
    in_order = sorted(told, key=lambda pair: pair[1])
    store.append([Entry(record=record, known_at=at) for record, at in in_order], imported=True)
    yield History.build(store)
    store.close()


def test_every_feature_at_several_instants_is_what_counting_by_hand_gives(history, slow_history, judged):
    spec = fit_spec(judged, tuple(CATALOG))
    for days in (-395, -200, -35, 0, 1, 300, 2000):
        as_of = judged["happened_at"] + days * DAY
        found = build_frame(judged, history, as_of, spec).values
        expected = build_frame(judged, slow_history, as_of, spec).values
        for position, name in enumerate(spec.names):
            np.testing.assert_allclose(found[:, position], expected[:, position], 1e-9, 1e-9, err_msg=name)


def test_one_line_equals_its_row_of_a_batch_bit_for_bit(history, judged):
    spec = fit_spec(judged, tuple(CATALOG))
    many = judged.take(np.arange(1200) % 3)
    as_of = many["happened_at"] - np.arange(1200)[::-1] * DAY // 4
    batch = build_frame(many, history, as_of, spec).values
    for row in range(0, 1200, 97):
        alone = build_frame(many.take(np.array([row])), history, as_of[[row]], spec).values
        assert alone.tobytes() == batch[row].tobytes()
