"""A drift report as tables, for a terminal and for a page."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from training.compare.tables import INTERVAL, LINES, POSITIVES
from training.compare.words import family_words, feature_words
from training.drift.distance import Distance
from training.drift.report import DriftReport
from training.drift.shifts import ALL, CALIBRATION, LABELS, Shift, drifted
from training.report import Cell, Page, Table, Words, figure, interval, text_table

KINDS: dict[str, Words] = {
    "score": ("得分", "score"),
    "feature": ("特征", "feature"),
    "contribution": ("贡献", "contribution"),
    "text": ("文本", "text"),
}
NAMES: dict[str, Words] = {
    "log-odds": ("对数优势", "log-odds"),
    "words of the goods": ("商品名称用词", "words of the goods"),
}
"""What scores and texts are compared by."""
RESULTS: dict[str, Words] = {
    CALIBRATION: ("校准", "calibration"),
    LABELS: ("随机抽查的查实占比", "shares found in random draws"),
}
TITLES: dict[str, Words] = {
    CALIBRATION: ("逐月校准", "Calibration by month"),
    LABELS: ("随机抽查的查实占比与学习期末相比", "Shares found in random draws, beside the last lessons"),
}
EXPECTED: dict[str, Words] = {
    CALIBRATION: (
        "现行模型未曾学习的申报，预期为其所预期",
        "lines that the champion did not learn from, and what it expects of them",
    ),
    LABELS: (
        "预期为查实占比与学习期末随机抽查相同时的行数",
        "expected are as many as among random draws at the end of its lessons",
    ),
}
UNTOLD: Words = (
    "；其后尚无或仅有少量查验结果，标签是否漂移无从判断",
    "; no or too few later results are known yet, so that nothing can be said of labels",
)
FEWEST = 5
"""So many failures are expected or found of all results together before these are said not to have moved."""
SHOWN = 25
"""Features in the table; the JSON file has all."""


def text_report(report: DriftReport) -> str:
    """Return the report for a terminal."""
    body = [text_table(table) for table in tables(report)]
    return "\n\n".join(["\n".join(about(report)), *body, "\n".join(verdict(report))])


def page(report: DriftReport) -> str:
    """Return the report as a page."""
    made = Page(("漂移报告", "Drift report"))
    made.text(about(report))
    made.text(verdict(report), kind="verdict closed" if report.drifted else "verdict")
    for table in tables(report):
        made.table(table)
    return made.html()


def about(report: DriftReport) -> Words:
    """Say which lines were compared."""
    zh = [f"{count} 行（{first} 至 {last}）" for first, last, count in (report.reference, report.present)]
    en = [f"{count} lines ({first} to {last})" for first, last, count in (report.reference, report.present)]
    return (
        f"{report.champion}：学习期末 {zh[0]}对其后 {zh[1]}",
        f"{report.champion}: {en[0]} at the end of its lessons against {en[1]} since",
    )


def verdict(report: DriftReport) -> Words:
    """Say in one sentence what has drifted: scores, contributions, texts, results, and how many features."""
    features = sum(each.drifted for each in report.distances if each.kind == "feature")
    names: list[Words] = [
        (f"{KINDS[each.kind][0]} {_name(each)[0]}", f"{each.kind} {each.name}")
        for each in report.distances
        if each.drifted and each.kind != "feature"
    ]
    names += [("未见词", "unknown words")] if report.unknown.drifted else []
    names += _moved(report)
    told = any(max(each.expected, each.observed) >= FEWEST for each in report.shifts)
    untold = ("", "") if told else UNTOLD
    if names:
        zh, en = ("、".join(each[0] for each in names), ", ".join(each[1] for each in names))
        return (
            f"漂移：{zh}；另有 {features} 项特征{untold[0]}",
            f"drifted: {en}; and {features} features{untold[1]}",
        )
    if not features:
        return f"未见超出噪声的漂移{untold[0]}", f"nothing has drifted beyond noise{untold[1]}"
    also = ("、查验结果", ", results") if told else ("", "")
    return (
        f"得分、贡献{also[0]}与文本未漂移；{features} 项特征漂移，但未改变得分的分布{untold[0]}",
        f"scores, contributions{also[1]} and texts have not drifted; {features} features have{untold[1]}",
    )


def _moved(report: DriftReport) -> Iterator[Words]:
    for kind, (zh, en) in RESULTS.items():
        found = [each for each in drifted(report.shifts) if each.kind == kind]
        told = [(_month(each), "∞" if np.isinf(each.ratio) else f"{each.ratio:.2f}") for each in found]
        if told:
            yield (
                f"{zh}（{'，'.join(f'{month[0]}为 {times} 倍' for month, times in told)}）",
                f"{en} ({', '.join(f'{month[1]} {times} times' for month, times in told)})",
            )


def _month(shift: Shift) -> Words:
    return ("合计", "all together") if shift.month == ALL else (shift.month, shift.month)


def tables(report: DriftReport) -> Iterator[Table]:
    """Yield the report's tables, what moved most first."""
    order = sorted(
        report.distances, key=lambda each: (not each.drifted, -each.psi / max(each.psi_floor, 1e-9))
    )
    others = [each for each in order if each.kind != "feature"]
    yield _distances(("得分、贡献与文本", "Scores, contributions and texts"), others)
    features = [each for each in order if each.kind == "feature"]
    counted = sum(each.drifted for each in features)
    title = (
        f"特征：{len(features)} 项中 {counted} 项漂移", f"Features: {counted} of {len(features)} drifted"
    )  # fmt: skip
    yield _distances(title, features[:SHOWN])
    yield _words(report)
    yield _found(report)
    yield from (_shifts(report, kind) for kind in RESULTS)


def _distances(title: Words, found: list[Distance]) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (KINDS[each.kind], _name(each), figure(each.psi, 3), figure(each.psi_floor, 3), figure(each.js, 3),
         figure(each.js_floor, 3), each.drifted)
        for each in found
    ]  # fmt: skip
    columns = (
        ("类别", "kind"), ("名称", "name"), ("PSI", "PSI"), ("噪声下限", "noise floor"), ("JS", "JS"),
        ("噪声下限", "noise floor"), ("漂移", "drifted"),
    )  # fmt: skip
    marked = frozenset(at for at, each in enumerate(found) if each.drifted)
    note = (
        "噪声下限：按企业重抽样时 99 % 的距离不超过此值；PSI 还须大于 0.1",
        "noise floor: 99 % of distances between resamples of enterprises lie below; PSI must exceed 0.1, too",
    )
    return Table(title, columns, rows, note, marked)


def _name(each: Distance) -> Words:
    say = {"feature": feature_words, "contribution": family_words}.get(each.kind)
    return NAMES.get(each.name, (each.name, each.name)) if say is None else say(each.name)


def _words(report: DriftReport) -> Table:
    found = report.unknown
    row = (found.words, found.share, found.floor, found.drifted, "、".join(found.commonest))
    columns = (
        ("词数", "words"), ("未见词占比", "share unknown"), ("噪声下限", "noise floor"), ("漂移", "drifted"),
        ("最常见", "commonest"),
    )  # fmt: skip
    marked = frozenset({0}) if found.drifted else frozenset[int]()
    return Table(("商品名称中的未见词", "Words of goods never seen before"), columns, [row], marked=marked)


def _found(report: DriftReport) -> Table:
    reasons: dict[bool, Words] = {True: ("随机", "random"), False: ("其他", "other")}
    rows: list[tuple[Cell, ...]] = [
        (each.month, reasons[each.drawn_at_random], each.lines, each.positives, figure(each.share, 3),
         interval(each.low, each.high, 3))
        for each in report.found[-24:]
    ]  # fmt: skip
    columns = (("月份", "month"), ("抽取", "drawn"), LINES, POSITIVES, ("占比", "share"), INTERVAL)
    note = ("近月结果尚未全部得出", "results of the latest months are not all known yet")
    return Table(("查实占比", "Shares found"), columns, rows, note)


def _shifts(report: DriftReport, kind: str) -> Table:
    found = [each for each in report.shifts if each.kind == kind]
    rows: list[tuple[Cell, ...]] = [
        (_month(each), each.lines, each.observed, figure(each.expected, 1), figure(each.ratio, 2),
         interval(each.low, each.high, 2), each.drifted)
        for each in found
    ]  # fmt: skip
    columns = (
        ("月份", "month"), LINES, POSITIVES, ("预期", "expected"), ("比值", "ratio"), ("区间", "interval"),
        ("漂移", "drifted"),
    )  # fmt: skip
    marked = frozenset(at for at, each in enumerate(found) if each.drifted)
    looks = len(report.shifts)
    note = (
        f"{EXPECTED[kind][0]}；95 % 区间（按企业），按全部 {looks} 次比较放宽；"
        "漂移：区间不含 1，且为 1.25 倍以上或 0.8 倍以下",
        f"{EXPECTED[kind][1]}; 95 % intervals by enterprise, widened for all {looks} looks; drifted: 1 lies "
        "outside, and at least 1.25 times or at most 0.8 times as many",
    )
    return Table(TITLES[kind], columns, rows, note, marked)
