"""Several boosters averaged in margins, as one booster: its trees are theirs, each leaf scaled by its weight.

An average of margins is a sum of trees, so a blend needs nothing of its own at prediction or explanation: it
is an ordinary LightGBM model, and its SHAP values are the weighted sums of the members'.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import lightgbm as lgb

from training.errors import TrainingError

_LEAF_LINES = ("leaf_value=", "internal_value=")


class UnequalMembers(TrainingError):
    """Boosters that do not read the same features cannot be blended."""

    title = "Members of a blend differ"
    title_zh = "待合并的模型不一致"
    remedy = "Train every member on the same columns, in the same order; hide a column by a constant."
    remedy_zh = "各成员须使用相同次序的相同列训练；要隐藏某列，请以常数填充。"


def blend(members: Sequence[lgb.Booster], weights: Sequence[float]) -> lgb.Booster:
    """Return the booster whose margin is the sum of the members' margins times their weights.

    Members must have the same feature names in the same order. A member of weight 0 adds no tree.
    """
    names = [tuple(member.feature_name()) for member in members]
    if len(set(names)) != 1:
        raise UnequalMembers(
            f"{len(set(names))} different lists of feature names among {len(members)} members"
        )
    trees = [
        _scaled(tree, weight)
        for member, weight in zip(members, weights, strict=True)
        if weight
        for tree in _trees(member)
    ]
    header, footer = _frame(members[-1])
    numbered = [f"Tree={index}\n{tree}\n\n" for index, tree in enumerate(trees)]
    sizes = " ".join(str(len(tree.encode())) for tree in numbered)
    header = re.sub(r"tree_sizes=.*", f"tree_sizes={sizes}", header)
    return lgb.Booster(model_str=header + "".join(numbered) + footer)


def _trees(member: lgb.Booster) -> list[str]:
    text = member.model_to_string(num_iteration=-1)
    body = text[text.index("Tree=0") : text.index("end of trees")]
    return [part.split("\n", 1)[1].strip("\n") for part in re.split(r"(?m)^Tree=", body) if part.strip()]


def _frame(member: lgb.Booster) -> tuple[str, str]:
    text = member.model_to_string(num_iteration=-1)
    return text[: text.index("Tree=0")], text[text.index("end of trees") :]


def _scaled(tree: str, weight: float) -> str:
    return "\n".join(_scaled_line(line, weight) for line in tree.split("\n"))


def _scaled_line(line: str, weight: float) -> str:
    for name in _LEAF_LINES:
        if line.startswith(name):
            values = line[len(name) :].split()
            return name + " ".join(repr(float(value) * weight) for value in values)
    return line
