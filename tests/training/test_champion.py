from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from features.history import History
from models.spec import Target
from training.champion import champion_scores, learned_until
from training.dataset import build_dataset
from training.judge import probability_of
from training.period import Period
from training.promote import parse_version, read_version
from training.tracking import Tracking
from training.workshop import Workshop

pytestmark = pytest.mark.xdist_group("two-versions")


def test_the_champion_is_asked_of_no_line_that_taught_it(shop: Workshop) -> None:
    model = read_version(shop.home, parse_version("nonconforming/1", Tracking(shop.home)))
    dataset = build_dataset(shop.store, Target.NONCONFORMING, Period.of_days(None).until)
    history, every = History.build(shop.store), np.ones(len(dataset), dtype=bool)
    declared = dataset.lines["happened_at"]
    told = champion_scores(shop.store, shop.home, dataset, history, every)
    assert told is not None
    assert told.version == "nonconforming/1"
    assert told.rows.tolist() == (declared > learned_until(model)).tolist()
    assert 0 < told.rows.sum() < len(dataset)
    later = dataset.take(told.rows)
    assert told.probability == pytest.approx(probability_of(model, later.lines, history, later.as_of))
    some = every & (np.arange(len(dataset)) % 2 == 0)
    half = champion_scores(shop.store, shop.home, dataset, history, some)
    assert half is not None
    assert half.rows.tolist() == (told.rows & some).tolist()
    lessons = declared <= learned_until(model)
    assert champion_scores(shop.store, shop.home, dataset, history, lessons) is None
    other = replace(dataset, target=Target.CRITICAL)
    assert champion_scores(shop.store, shop.home, other, history, every) is None
