"""What a file of settings may say, each value within limits that LightGBM has, too."""

from __future__ import annotations

import json
import math
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import pytest
from click.testing import CliRunner

from customs_risk import main
from models.spec import ModelSpec, Target
from training.tuning import BadSettings, OtherTarget, read_parameters
from training.tuning.parameters import KEPT
from training.tuning.space import LIMITS

OURS = ("rounds", "early_stopping_rounds", "least_rounds", "half_life_days", "seeds")
LIGHTGBM = sorted(set(LIMITS) - set(OURS))


def told(tmp_path: Path, **content: Any) -> Path:
    file = tmp_path / "params.json"
    file.write_text(json.dumps(content))
    return file


def fit(**settings: Any) -> None:
    """Fit two trees to two numbers and a category."""
    random = np.random.default_rng(1)
    values = np.column_stack([random.normal(size=(400, 2)), random.integers(0, 9, 400)])
    parameters = replace(ModelSpec(threads=1), **settings).parameters()
    labels = (random.random(400) < 0.3).astype(float)
    data = lgb.Dataset(values, labels, categorical_feature=[2], params=parameters)
    lgb.train(parameters, data, num_boost_round=2)


def below(name: str) -> float:
    """A value next to the least, outside."""
    limits = LIMITS[name]
    if isinstance(getattr(ModelSpec(), name), int):
        return limits.least - 1
    return limits.least if limits.above else math.nextafter(limits.least, -1)


def test_every_number_that_a_file_may_set_has_limits_and_defaults_and_searches_keep_them() -> None:
    numbers = {field.name for field in fields(ModelSpec)} - set(KEPT)
    spec = ModelSpec()
    assert {name for name in numbers if not isinstance(getattr(spec, name), bool)} == set(LIMITS)
    for name, limits in LIMITS.items():
        assert limits.hold(getattr(spec, name))
        assert all(limits.hold(edge) for edge in limits.searched or ())
        if limits.searched:
            assert limits.searched[0] <= getattr(spec, name) <= limits.searched[1], name


@pytest.mark.parametrize("name", LIGHTGBM)
@pytest.mark.filterwarnings("ignore")
def test_lightgbm_takes_the_least_and_refuses_what_lies_below(name: str) -> None:
    limits = LIMITS[name]
    fit(**{name: math.nextafter(limits.least, 1) if limits.above else limits.least})
    if name not in ("max_depth", "bagging_fraction"):  # ours are narrower
        with pytest.raises(lgb.basic.LightGBMError, match="Check failed"):
            fit(**{name: below(name)})


@pytest.mark.parametrize("name", sorted(LIMITS))
def test_a_setting_beyond_its_limits_is_refused_with_its_value_and_rule(tmp_path: Path, name: str) -> None:
    for value in (below(name), LIMITS[name].largest + 1, math.nan, math.inf, -math.inf, 10**400):
        with pytest.raises(BadSettings, match=f"sets {name} to .*: it must be .* at most"):
            read_parameters(told(tmp_path, parameters={name: value}), ModelSpec())


def test_half_a_leaf_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match=r"num_leaves to 8\.5: it must be a whole number"):
        read_parameters(told(tmp_path, parameters={"num_leaves": 8.5}), ModelSpec())


def test_settings_found_for_another_target_are_refused(tmp_path: Path) -> None:
    file = told(tmp_path, target="critical", parameters={"num_leaves": 9})
    with pytest.raises(OtherTarget, match="found for critical, and nonconforming is to be trained"):
        read_parameters(file, ModelSpec())
    assert read_parameters(file, ModelSpec(target=Target.CRITICAL)).spec.num_leaves == 9
    refused = CliRunner().invoke(main, ["train", "--params", str(file)])
    assert refused.exit_code == 2
    assert OtherTarget.remedy in refused.stderr


def test_settings_say_where_they_come_from(tmp_path: Path) -> None:
    file = told(tmp_path, target="critical", study="critical 12", parameters={"num_leaves": 9})
    origin = read_parameters(file, ModelSpec(target=Target.CRITICAL)).origin
    assert origin["params_study"] == "critical 12"
    assert origin["params_target"] == "critical"
    assert origin["params_file"] == "params.json"
    assert len(origin["params_sha256"]) == 64
