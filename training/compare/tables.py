"""A comparison as tables, for a terminal and for a page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from training.compare.comparison import Comparison
from training.compare.golden import Golden
from training.compare.months import Expected
from training.compare.ranking import Difference
from training.compare.reasons import Reasons
from training.compare.seen import seen_words
from training.compare.shadows import Shadows
from training.compare.slices import DIMENSIONS
from training.compare.words import family_words, figure_words, gate_words, slice_words
from training.figures import FEWEST_CLUSTERS, NO_INTERVAL
from training.report import Cell, Page, Table, Words, figure, interval, text_table

TITLE: Words = ("候选模型与现行模型比较", "Challenger against champion")
OURS: Words = ("候选模型", "challenger")
THEIRS: Words = ("现行模型", "champion")
LINES: Words = ("行数", "lines")
POSITIVES: Words = ("不合格", "positive")
GAIN: Words = ("差值", "difference")
INTERVAL: Words = ("95 % 区间", "95 % interval")
MOST_MOVED = 15
"""Moved scores listed in a table; the JSON file has all."""


def verdict(found: Comparison) -> Words:
    """Say in one sentence whether the challenger may replace the champion."""
    shut = [gate.name for gate in found.gates if not gate.passed]
    if shut:
        names = "；".join(gate_words(name)[0] for name in shut)
        return f"不可启用：{names}", f"may not replace the champion: {'; '.join(shut)}"
    if any(not gate.judged for gate in found.gates):
        return "无关闭的门槛，但部分未能判定", "no gate is closed, but some could not be judged"
    return "可以启用：全部门槛已通过", "may replace the champion: every gate is open"


def text_report(found: Comparison) -> str:
    """Return the comparison for a terminal."""
    zh, en = verdict(found)
    body = [text_table(table) for table in tables(found)]
    return "\n\n".join(["  ".join(about(found)), *body, f"{zh}\n{en}"])


def page(found: Comparison) -> str:
    """Return the comparison as a page."""
    made = Page(TITLE)
    made.text(about(found))
    shut = any(not gate.passed for gate in found.gates)
    made.text(verdict(found), kind="verdict closed" if shut else "verdict")
    for table in tables(found):
        made.table(table)
    return made.html()


def about(found: Comparison) -> Words:
    """Say what was compared on which lines."""
    start, end = found.declared
    return (
        f"{found.challenger} 对 {found.champion}：{found.lines} 行后续申报（{start} 至 {end}），"
        f"{found.positives} 行不合格；策略 {found.policy.version}",
        f"{found.challenger} against {found.champion}: {found.lines} later lines declared {start} to {end}, "
        f"{found.positives} positive; policy {found.policy.version}",
    )


def tables(found: Comparison) -> Iterator[Table]:
    """Yield the tables of a comparison, the gates first."""
    yield _gates(found)
    yield _ranking(("排序", "Ranking"), found.ranking)
    if found.random_part:
        part = f"{found.random_lines}"
        yield _ranking((f"随机抽查部分（{part} 行）", f"Random part ({part} lines)"), found.random_part)
    yield _months(found)
    yield _slices(found)
    yield from _models(found)


def _gates(found: Comparison) -> Table:
    states: dict[tuple[bool, bool], Words] = {
        (True, True): ("通过", "open"), (True, False): ("未判定", "not judged"),
    }  # fmt: skip
    rows = [
        (
            states.get((gate.passed, gate.judged), ("关闭", "CLOSED")),
            gate_words(gate.name),
            seen_words(gate.seen),
        )
        for gate in found.gates
    ]
    shut = frozenset(at for at, gate in enumerate(found.gates) if not gate.passed)
    columns = (("状态", "state"), ("门槛", "gate"), ("所见", "seen"))
    return Table(("门槛", "Gates"), columns, rows, marked=shut)


def _ranking(title: Words, ranking: Sequence[Difference]) -> Table:
    rows = [
        (figure_words(each.figure), each.ours, each.theirs, each.gain, interval(each.low, each.high))
        for each in ranking
    ]
    note = (
        "配对自助法：两者按同一批企业重抽样",
        "paired bootstrap: the same enterprises are drawn again for both",
    )
    columns = (("指标", "figure"), OURS, THEIRS, GAIN, INTERVAL)
    return Table(title, columns, rows, with_reason(note, told=any(each.told for each in ranking)))


def with_reason(note: Words, *, told: bool) -> Words:
    """Add to a table's note why there is no interval, where none is told."""
    return note if told else (f"{note[0]}；{NO_INTERVAL[0]}", f"{note[1]}; {NO_INTERVAL[1]}")


def _months(found: Comparison) -> Table:
    parts: list[tuple[Cell, Mapping[str, Expected]]] = [(each.month, each.models) for each in found.months]
    parts += [(("合计", "all together"), found.whole)] if found.whole else []
    rows = [
        (
            name, models["challenger"].lines, models["challenger"].observed,
            *_ratio(models["challenger"]), *_ratio(models["champion"]),
        )
        for name, models in parts
    ]  # fmt: skip
    columns = (("月份", "month"), LINES, POSITIVES, OURS, INTERVAL, THEIRS, INTERVAL)
    note = (
        "查实数与预期数之比，泊松区间（按企业）",
        "observed over expected failures, Poisson intervals by enterprise",
    )
    return Table(("逐月校准", "Calibration by month"), columns, rows, note)


def _ratio(found: Expected) -> tuple[Cell, Cell]:
    return figure(found.ratio, 2), interval(found.low, found.high, 2)


def _slices(found: Comparison) -> Table:
    kept = [each for each in found.slices if each.difference is not None]
    rows: list[tuple[Cell, ...]] = [
        (
            DIMENSIONS[each.dimension], slice_words(each.dimension, each.value), each.lines, each.positives,
            gain.ours, gain.theirs, gain.gain, interval(gain.low, gain.high),
        )
        for each in kept
        if (gain := each.difference) is not None
    ]  # fmt: skip
    least = found.policy.slices.minimum_positives
    note = (
        f"仅判定至少有 {least} 行、{FEWEST_CLUSTERS} 家企业不合格的分组：{len(kept)}/{len(found.slices)}；"
        "指标为平均精度",
        f"only slices with at least {least} positives in {FEWEST_CLUSTERS} enterprises are judged: "
        f"{len(kept)} of {len(found.slices)}; the figure is average precision",
    )
    columns = (
        ("维度", "dimension"), ("分组", "slice"), LINES, POSITIVES, OURS, THEIRS, GAIN, INTERVAL,
    )  # fmt: skip
    return Table(("分组", "Slices"), columns, rows, note)


def _models(found: Comparison) -> Iterator[Table]:
    if found.golden is not None:
        yield _golden(found.golden)
    if found.reasons is not None:
        yield _reasons(found.reasons)
    if found.latency is not None:
        cost = found.latency
        times = figure(cost.ours, 0), figure(cost.theirs, 0), figure(cost.ratio, 2)
        row = (cost.lines, *times, interval(cost.low, cost.high, 2))
        columns = (LINES, OURS, THEIRS, ("比值", "ratio"), INTERVAL)
        note = ("特征与带理由评分的 CPU 微秒数，中位数", "median CPU µs of frame and explained score")
        yield Table(("单行评分耗时", "Cost of one line"), columns, [row], note)
    if found.shadow is not None:
        yield _shadow(found.shadow)


def _golden(golden: Golden) -> Table:
    rows = [(each.id, each.ours, each.theirs, each.ours - each.theirs) for each in golden.moved[:MOST_MOVED]]
    moved, since = len(golden.moved), golden.frozen_at[:10]
    note = (
        f"{golden.lines} 行冻结于 {since}，{moved} 行得分移动，列出最大的 {len(rows)} 行",
        f"{golden.lines} lines frozen on {since}; {moved} scores moved, the {len(rows)} largest listed; "
        f"{golden.erased} lines erased since",
    )
    return Table(("基准样本", "Golden set"), (("行", "line"), OURS, THEIRS, GAIN), rows, note)


def _reasons(found: Reasons) -> Table:
    rows = [
        (family_words(name), ours, theirs, ours - theirs) for name, (ours, theirs) in found.families.items()
    ]
    alike, top = f"{found.rank_correlation:.2f}", f"{found.top_shared:.0%}"
    note = (
        f"{found.lines} 行；各行特征类贡献的秩相关均值 {alike}，前列理由重合 {top}；数值为平均绝对贡献",
        f"{found.lines} lines; mean rank correlation of the families' contributions {alike}, top reasons "
        f"shared {top}; figures are mean |contribution| in log-odds",
    )
    columns = (("特征类", "family"), OURS, THEIRS, GAIN)
    return Table(("理由的稳定", "Stability of reasons"), columns, rows, note)


def _shadow(found: Shadows) -> Table:
    alike = "–" if found.rank_correlation is None else f"{found.rank_correlation:.3f}"
    note = (
        f"影子评分 {found.lines} 行，秩相关 {alike}，其中 {found.higher} 行更高；{found.labelled} 行已有结果",
        f"{found.lines} lines scored in shadow, rank correlation {alike}, {found.higher} of them higher; "
        f"{found.labelled} have results, {found.positives} positive",
    )
    told = not found.ranking or any(each.told for each in found.ranking)
    return replace(_ranking(("影子运行", "In shadow"), found.ranking), note=with_reason(note, told=told))
