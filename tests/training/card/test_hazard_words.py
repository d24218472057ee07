"""A model card says whether its hazards are answered by trees or by shares of like goods alone."""

from __future__ import annotations

from typing import Any

import pytest

from training.card.hazards import hazard_tables


@pytest.mark.parametrize(
    ("trees_for", "zh", "en"),
    [
        (["electric_shock", "burns_heat"], "经树模型修正（2 种危害）", "corrected by trees (for 2 hazards)"),
        ([], "仅按同类商品占比", "by shares of like goods alone"),
    ],
)
def test_the_card_names_what_speaks(trees_for: list[str], zh: str, en: str) -> None:
    told: dict[str, Any] = {"findings": 3.0, "support": {}, "unnamed": 0, "trees_for": trees_for}
    foretold, _ = hazard_tables({"hazards": {**told, "figures": {"hazard_findings": 3.0}}})
    assert foretold.note is not None
    assert zh in foretold.note[0]
    assert en in foretold.note[1]


def test_a_model_that_nothing_taught_says_so() -> None:
    told: dict[str, Any] = {"findings": 0.0, "support": {}, "unnamed": 0, "trees_for": []}
    foretold, _ = hazard_tables({"hazards": {**told, "figures": {"hazard_findings": 3.0}}})
    assert foretold.note is not None
    assert "模型未学习任何不合格发现" in foretold.note[0]
    assert "no findings taught this model" in foretold.note[1]
