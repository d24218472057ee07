"""The pictures of a card with their captions: what stands in a picture is English, so captions tell it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from features.feature import FAMILY_WORDS
from training.report import Words

_FAMILIES = "、".join(f"{family} {zh}" for family, (zh, _) in FAMILY_WORDS.items())

PICTURES: dict[str, Words] = {
    "calibration": (
        "校准：测试段按预期概率分为十份；横轴为预期（已计入各行因何被查，与校准门槛同），"
        "纵轴为查实占比及其 95 % 区间（按企业）；斜线为两者相等",
        "Calibration on the test, in tenths of what is expected of lines so chosen; intervals by enterprise",
    ),
    "precision_recall": (
        "精度与查获率：横轴为查获率，纵轴为命中率；横线为全部测试行的不合格占比",
        "Precision over recall; the level line is the share of all test lines that failed",
    ),
    "lift": (
        "查获的不合格：横轴为查验比例（先查风险最高者），纵轴为查获比例；斜线为随机查验",
        "Failures caught over lines inspected, the riskiest first; the slanting line is chance",
    ),
    "contributions": (
        f"各特征类的平均绝对贡献（对数优势）。{_FAMILIES}",
        "Mean absolute contribution by family",
    ),
    "strongest": (
        "贡献最大的特征：一点为一行，横轴为贡献（对数优势），颜色由蓝至红为特征值由低至高",
        "The features that move scores most: a dot is a line, its colour the feature's value",
    ),
    "drift": (
        "逐月平均贡献（对数优势），一线为一特征类；偏离零线越来越远者，宜重新训练",
        "Mean contributions by month; a family that wanders asks for a new training",
    ),
}
"""Captions by the name of the picture's file."""


def captioned(plots: Path) -> Iterator[tuple[Path, Words]]:
    """Yield the pictures that lie in a folder with their captions."""
    for name, words in PICTURES.items():
        if (plots / f"{name}.png").exists():
            yield plots / f"{name}.png", words
