"""A model card as a page in Chinese and English."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from features.catalog import CATALOG
from training.card.hazards import hazard_tables
from training.card.pictures import captioned
from training.card.selection import selection_tables
from training.compare.seen import seen_words
from training.compare.slices import DIMENSIONS
from training.compare.tables import GAIN, INTERVAL, LINES, POSITIVES, with_reason
from training.compare.words import family_words, figure_words, gate_words, member_words, slice_words
from training.report import Cell, Page, Table, Words, figure, interval

Card = Mapping[str, Any]

SIZE: Words = ("平均绝对贡献", "mean |contribution|, log-odds")
TARGETS: dict[str, Words] = {
    "nonconforming": ("不合格", "nonconforming"),
    "critical": ("严重不合格", "critical"),
}
FIGURES: dict[str, Words] = {
    "roc_auc": ("ROC 曲线下面积", "area under the ROC curve"),
    "brier": ("布里尔分数", "Brier score"),
    "calibration_slope": ("校准斜率（1 为准）", "calibration slope (1 is calibrated)"),
    "calibration_intercept": ("校准截距（0 为准）", "calibration intercept (0 is calibrated)"),
    "observed_over_expected_top_5pct": ("最高 5 % 的查实数/预期数", "observed over expected, top 5 %"),
}
REASONS: dict[str, str] = {
    "no inspection known": "未查验",
    "documents inspected only": "仅审核单证",
    "result pending": "结果未出",
    "withdrawn": "已撤销",
    "erased": "已删除",
    "inspection of an unknown line": "查验所指申报不明",
    "younger than the usual delay of results": "距今不足结果通常所需时间",
}
"""Why lines are left out, in Chinese."""
PERIOD: dict[str, Words] = {
    "first_line": ("最早一行申报", "first line"),
    "test_from": ("测试段自", "test from"),
    "learned_until": ("学习截至", "learned from lines until"),
    "known_until": ("所知截至", "knows what was known before"),
}


def card_page(card: Card, gates: Card, name: str, fingerprint: str, plots: Path | None = None) -> str:
    """Write a card as a page; `plots` is the folder of the run's pictures, if they are at hand."""
    target = TARGETS.get(card["target"], (card["target"], card["target"]))
    page = Page((f"模型卡 {name}", f"Model card {name}"))
    predicts = f"预测：{target[0]}（在查验的条件下）", f"Predicts: {target[1]}, given an inspection"
    page.text(predicts, kind="verdict")
    page.text((f"模型包指纹 {fingerprint}", f"bundle {fingerprint}"))
    page.heading(("局限", "Limits"))
    page.listed(list(zip(card["limits_zh"], card["limits"], strict=True)))
    page.heading(("数据与期间", "Data and period"))
    for table in (_period(card), _data(card), _dropped(card)):
        page.table(table)
    page.heading(("测试结果", "How it did on the test"))
    figures = [_inspected(card), *_random(card), *_against(card)]
    for table in (_gates(gates), *figures, _months(card), _slices(card)):
        page.table(table)
    page.heading(("未查验的申报", "The lines passed over"))
    for table in selection_tables(card):
        page.table(table)
    page.heading(("得分的构成", "What scores are made of"))
    for table in (_families(card), _strongest(card), _mixture(card), *hazard_tables(card)):
        page.table(table)
    _pictures(page, plots)
    return page.html()


def _period(card: Card) -> Table:
    told = card["period_shown"]
    rows = [(words, str(told[name])[:10]) for name, words in PERIOD.items()]
    return Table(("期间", "Period"), (("", ""), ("日期（上海）", "day (Shanghai)")), rows)


def _data(card: Card) -> Table:
    data = card["data"]
    folds: dict[str, Words] = {
        "fit": ("拟合", "fit"), "stop": ("早停", "stop"), "calibrate": ("校准", "calibrate"),
        "test": ("测试", "test"),
    }  # fmt: skip
    rows: list[tuple[Cell, ...]] = [(("全部", "all"), data["rows"], data["positives"])]
    rows += [(words, data[f"rows_{fold}"], data[f"positives_{fold}"]) for fold, words in folds.items()]
    drawn, delay = data["drawn_at_random"], data["result_delay_days"]
    note = (
        f"其中随机抽查 {drawn} 行；95 % 的结果在 {delay:g} 天内已知；数据指纹 {data['fingerprint'][:16]}",
        f"{drawn} lines drawn at random; 95 % of results are known within {delay:g} days; "
        f"data fingerprint {data['fingerprint'][:16]}",
    )
    return Table(("样本", "Rows"), (("段", "fold"), LINES, POSITIVES), rows, note)


def _dropped(card: Card) -> Table:
    dropped = card["data"]["dropped"]
    rows = [((REASONS.get(reason, reason), reason), count) for reason, count in dropped.items()]
    return Table(("未用的申报", "Lines left out"), (("原因", "reason"), LINES), rows)


def _gates(gates: Card) -> Table:
    rows = [
        (
            ("关闭", "CLOSED") if not gate["passed"] else ("通过", "open")
            if gate.get("judged", True) else ("未判定", "not judged"),
            gate_words(gate["name"]), seen_words(gate["seen"]),
        )
        for gate in gates["gates"]
    ]  # fmt: skip
    shut = frozenset(at for at, gate in enumerate(gates["gates"]) if not gate["passed"])
    columns = (("状态", "state"), ("门槛", "gate"), ("所见", "seen"))
    return Table(("门槛（已签名）", "Gates (signed)"), columns, rows, marked=shut)


def _inspected(card: Card) -> Table:
    """Show the figures of inspected lines as they are, and say what their calibration is no measure of."""
    table = _table_of(("已查验的申报", "Inspected lines as they are"), card["figures"])
    if not card.get("selection", {}).get("lift") or table.note is None:
        return table
    zh, en = table.note
    note = (
        f"{zh}；概率针对任一申报，而多数被查者系被选中，故此处的校准以门槛与“未查验的申报”为准",
        f"{en}; probabilities speak of any line, most of these were chosen: for calibration see the gate "
        "and the lines passed over",
    )
    return replace(table, note=note)


def _random(card: Card) -> Iterator[Table]:
    part = card["figures"].get("random_part")
    if part is not None:
        yield _table_of(("随机抽查部分", "The lines drawn at random"), part)


def _table_of(title: Words, told: Mapping[str, Any]) -> Table:
    rows = [
        (FIGURES.get(name) or figure_words(name), told[name], interval(*bounds))
        for name, bounds in sorted(told["intervals"].items(), key=lambda each: _order(each[0]))
    ]
    count, bad = told["rows"], told["positives"]
    counted = f"{count} 行，{bad} 行不合格", f"{count} lines, {bad} positive"
    known = any(None not in bounds for bounds in told["intervals"].values())
    columns = (("指标", "figure"), ("值", "value"), INTERVAL)
    return Table(title, columns, rows, with_reason(counted, told=known))


def _order(name: str) -> tuple[int, str, float]:
    """Rank figures: the ranking's own first, then those at a capacity as it grows, then calibration."""
    kind, _, share = name.partition("_at_")
    if share:
        return 1, kind, float(share.removesuffix("pct"))
    return (0 if name in ("average_precision", "roc_auc") else 2), name, 0.0


def _against(card: Card) -> Iterator[Table]:
    found = card["against"]
    if found is None:
        return
    rows = [
        (figure_words(each["figure"]), each["ours"], each["theirs"], each["gain"],
         interval(*(each["interval"] or (None, None))))
        for each in found["ranking"]
    ]  # fmt: skip
    columns = (("指标", "figure"), ("本模型", "this model"), ("现行模型", "champion"), GAIN, INTERVAL)
    note = (f"{found['lines']} 行双方均未见过的申报", f"{found['lines']} lines that neither had seen")
    said = with_reason(note, told=any(each["interval"] for each in found["ranking"]))
    yield Table((f"与 {found['champion']} 比较", f"Against {found['champion']}"), columns, rows, said)


def _months(card: Card) -> Table:
    rows = [
        (each["month"], each["lines"], each["observed"], figure(each["expected"], 1),
         figure(each["ratio"], 2),
         interval(each["low"], each["high"], 2))
        for each in card["calibration_by_month"]
    ]  # fmt: skip
    columns = (("月份", "month"), LINES, POSITIVES, ("预期", "expected"), ("比值", "ratio"), INTERVAL)
    return Table(("逐月校准", "Calibration by month"), columns, rows)


def _slices(card: Card) -> Table:
    found = card["slices"]
    judged = [each for each in found["slices"] if each["average_precision"] is not None]
    rows = [
        (DIMENSIONS[each["dimension"]], slice_words(each["dimension"], each["value"]), each["lines"],
         each["positives"], figure(each["observed_over_expected"][0], 2), each["average_precision"][0],
         interval(*each["average_precision"][1:]))
        for each in judged
    ]  # fmt: skip
    least = found["minimum_positives"]
    note = (
        f"仅列至少有 {least} 行不合格的分组：{len(judged)}/{len(found['slices'])}",
        f"slices with at least {least} positives: {len(judged)} of {len(found['slices'])}",
    )
    columns = (
        ("维度", "dimension"), ("分组", "slice"), LINES, POSITIVES, ("查实/预期", "observed / expected"),
        ("平均精度", "average precision"), INTERVAL,
    )  # fmt: skip
    known = all(each["average_precision"][1] is not None for each in judged)
    return Table(("分组", "Slices"), columns, rows, with_reason(note, told=known))


def _families(card: Card) -> Table:
    counted: dict[str, int] = {}
    for feature in card["features"]:
        counted[feature["family"]] = counted.get(feature["family"], 0) + 1
    rows = [
        (family_words(family), counted.get(family, 0), size)
        for family, size in sorted(card["contributions"]["by_family"].items(), key=lambda each: -each[1])
    ]
    columns = (
        ("特征类", "family"),
        ("特征数", "features"),
        SIZE,
    )
    return Table(("特征类", "Families of features"), columns, rows)


def _strongest(card: Card) -> Table:
    rows = [
        (each["feature"], _sentence(each["feature"]), each["log_odds"])
        for each in card["contributions"]["strongest"]
        if each["feature"] in CATALOG
    ]
    columns = (
        ("特征", "feature"),
        ("说法", "how it is said"),
        SIZE,
    )
    return Table(("贡献最大的特征", "Strongest features"), columns, rows)


def _sentence(name: str) -> Words:
    """Return a feature's sentence in both languages, with dots for its value."""
    return re.sub(r"\{[^}]*\}", "…", CATALOG[name].zh), re.sub(r"\{[^}]*\}", "…", CATALOG[name].en)


def _mixture(card: Card) -> Table:
    rows = [(member_words(part["member"]), part["trees"], part["weight"]) for part in card["mixture"]]
    columns = (("成员", "member"), ("树", "trees"), ("权重", "weight"))
    return Table(("成员", "Members"), columns, rows)


def _pictures(page: Page, plots: Path | None) -> None:
    if plots is None:
        return
    page.heading(("图", "Pictures"))
    for png, words in captioned(plots):
        page.picture(png, words)
