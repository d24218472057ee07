"""What a card says of selection: what was corrected, and what labels tell of the lines passed over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from training.compare.tables import LINES, POSITIVES
from training.compare.words import cell_words
from training.report import Cell, Table, Words, figure, interval
from training.selection.support import BOTH

Card = Mapping[str, Any]

SETTINGS: dict[str, Words] = {
    "as_found": ("未校正", "not corrected"),
    "calibrated": ("在校准中校正", "corrected in calibration"),
    "weighted": ("训练与校准均加权", "corrected in calibration, trees weighted"),
}
OVERLAP: dict[str, Words] = {
    BOTH: ("有重叠", "overlap"),
    "statutory": ("法检，无重叠", "by law, no overlap"),
    "exempt": ("几乎不查，无重叠", "hardly inspected, no overlap"),
}
PARTS: dict[str, Words] = {
    "random_part": ("随机抽查部分", "drawn at random"),
    "weighted": ("逆概率加权", "inverse chance"),
    "corrected": ("并计未记录的理由", "with unrecorded reasons"),
}
SHOWN: dict[str, Words] = {
    "average_precision": ("平均精度", "average precision"),
    "precision_at_5pct": ("查验 5 % 时的命中率", "precision at 5 %"),
    "calibration_slope": ("校准斜率（1 为准）", "calibration slope (1 is calibrated)"),
    "observed_over_expected_top_5pct": ("最高 5 % 的查实数/预期数", "observed over expected, top 5 %"),
}
CELLS = 12
"""Cells that the page shows: so many without overlap, and so many with it, the largest of each."""


def selection_tables(card: Card) -> Iterator[Table]:
    """Return the tables of a card's selection; none for a card made before there was one."""
    told = card.get("selection")
    if told is None:
        return
    support = told.get("support") or {}
    yield _handled(told, support)
    yield _estimates(card["figures"])
    if support.get("cells"):
        yield _support(support)


def selection_line(card: Card) -> str:
    """Say in one line for a terminal what was corrected and where labels tell of the lines passed over."""
    told = card["selection"]
    support = told["support"]
    said = [f"selection: {told['setting']}"]
    if told["hint_measured"]:
        said.append(f"unrecorded reasons {told['hint']:.2f}")
    if support:
        said += [
            f"{support['inspected']} inspected lines tell as much as {support['effective']:.0f} drawn alike",
            f"{support['share_statutory']:.1%} of lines by law only",
            f"{support['share_exempt']:.1%} hardly inspected",
        ]
    return "; ".join(said)


def _handled(told: Card, support: Card) -> Table:
    rows: list[tuple[Cell, ...]] = [(("处理", "handling"), SETTINGS[told["setting"]])]
    if told["hint_measured"]:
        rows.append(
            (("未记录理由的大小（标准差）", "unrecorded reasons, deviations"), figure(told["hint"], 2))
        )
    if told.get("read"):
        words = ("选中概率的系数（对数优势）", "coefficient of the chance of being chosen, log-odds")
        rows.append((words, figure(told["read"], 2)))
    if support:
        rows += [
            (("法定检验", "inspected by law"), str(support["by_law"])),
            (("随机抽查", "drawn at random"), str(support["drawn_at_random"])),
            (("被选中", "chosen"), str(support["chosen"])),
            (("有效样本量", "effective number of lines"), figure(support["effective"], 1)),
            (("仅法检的份额", "share of lines by law only"), f"{support['share_statutory']:.1%}"),
            (("几乎不查的份额", "share of lines hardly inspected"), f"{support['share_exempt']:.1%}"),
        ]
    return Table(("查验的选择", "Selection"), (("", ""), ("值", "value")), rows)


def _estimates(figures: Card) -> Table:
    """Set the estimates of the test beside each other, a figure a row."""
    parts: list[tuple[Words, Card]] = [(("已查验的申报", "inspected lines"), figures)]
    parts += [(words, figures[name]) for name, words in PARTS.items() if name in figures]
    rows: list[tuple[Cell, ...]] = [
        (said, *(_with_interval(part, name) for _, part in parts)) for name, said in SHOWN.items()
    ]
    rows.append((LINES, *(str(part["rows"]) for _, part in parts)))
    rows.append((POSITIVES, *(str(part["positives"]) for _, part in parts)))
    columns = (("指标", "figure"), *(words for words, _ in parts))
    note = ("方括号内为 95 % 区间", "95 % intervals in brackets")
    return Table(("各种估计", "Estimates side by side"), columns, rows, note)


def _with_interval(part: Card, name: str) -> str:
    low, high = part["intervals"][name]
    return f"{figure(part[name], 3)} {interval(low, high, 2)}"


def _support(support: Card) -> Table:
    """Show cells without overlap before the largest with it, and say how much is left out of each."""
    apart = [each for each in support["cells"] if each["overlap"] != BOTH]
    shared = [each for each in support["cells"] if each["overlap"] == BOTH]
    shown = apart[:CELLS] + shared[:CELLS]
    rows = [
        (cell_words(each["cell"]), each["lines"], each["inspected"], figure(each["effective"], 1),
         figure(each["least"], 4), OVERLAP[each["overlap"]])
        for each in shown
    ]  # fmt: skip
    columns = (
        ("方向 监管类别 章", "direction, regime, chapter"), ("申报", "declared"), ("查验", "inspected"),
        ("有效样本量", "effective"), ("最小概率", "least chance"), ("重叠", "overlap"),
    )  # fmt: skip
    marked = frozenset(range(len(apart[:CELLS])))
    return Table(("样本支持数", "Support"), columns, rows, _left_out(support, shown, apart), marked)


def _left_out(support: Card, shown: Sequence[Card], apart: Sequence[Card]) -> Words:
    """Say how many cells are not shown, with their lines, and how many of them have no overlap."""
    counted, cells = support["cells_counted"], support["cells_counted"] - len(shown)
    lines = support["lines"] - sum(each["lines"] for each in shown)
    zh = f"共 {counted} 个支持单元：先列无重叠者，再列最大者；未列 {cells} 个，{lines} 行申报"
    en = f"{counted} cells: those without overlap, then the largest; {cells} with {lines} lines are left out"
    if "cells_left_out" not in support:  # a card of before listed the largest only
        return zh, en
    unseen = apart[CELLS:]
    hidden = sum(each["lines"] for each in unseen)
    return (
        f"{zh}，其中无重叠 {len(unseen)} 个，{hidden} 行",
        f"{en}, of which {len(unseen)} with {hidden} lines are without overlap",
    )
