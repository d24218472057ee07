"""A drift report as tables, for a terminal and for a page, and as metrics."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge, write_to_textfile

from features.feature import FAMILY_WORDS
from training.compare.tables import INTERVAL, LINES, POSITIVES
from training.drift.distance import Distance
from training.drift.report import DriftReport
from training.report import Cell, Page, Table, Words, figure, interval, text_table

KINDS: dict[str, Words] = {
    "score": ("得分", "score"),
    "feature": ("特征", "feature"),
    "contribution": ("贡献", "contribution"),
    "text": ("文本", "text"),
}
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
    """Say in one sentence what has drifted."""
    told = [each for each in report.distances if each.drifted and each.kind != "feature"]
    features = sum(each.drifted for each in report.distances if each.kind == "feature")
    names = [f"{each.kind} {each.name}" for each in told]
    names += ["unknown words"] if report.unknown.drifted else []
    if not names and not features:
        return "未见超出噪声的漂移", "nothing has drifted beyond noise"
    if not names:
        return (
            f"得分、贡献与文本未漂移；{features} 项特征漂移，但未改变得分的分布",
            f"scores, contributions and texts have not drifted; {features} features have",
        )
    return (
        f"漂移：{'、'.join(names)}；另有 {features} 项特征",
        f"drifted: {', '.join(names)}; and {features} features",
    )


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
    yield _calibration(report)


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


def _name(each: Distance) -> Cell:
    families = {str(family): words for family, words in FAMILY_WORDS.items()}
    return families.get(each.name, each.name) if each.kind == "contribution" else each.name


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


def _calibration(report: DriftReport) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (month.month, found.lines, found.observed, figure(found.expected, 1), figure(found.ratio, 2),
         interval(found.low, found.high, 2))
        for month in report.calibration
        for found in [month.models["champion"]]
    ]  # fmt: skip
    columns = (("月份", "month"), LINES, POSITIVES, ("预期", "expected"), ("比值", "ratio"), INTERVAL)
    marked = frozenset(
        at
        for at, month in enumerate(report.calibration)
        if month.models["champion"].low > 1 or month.models["champion"].high < 1
    )
    note = ("现行模型未曾学习的申报", "lines that the champion did not learn from")
    return Table(("逐月校准", "Calibration by month"), columns, rows, note, marked)


def write_metrics(report: DriftReport, file: Path) -> None:
    """Write the report as a Prometheus text file, whole or not at all."""
    registry = CollectorRegistry()
    names = ["target", "kind", "name"]
    index = Gauge("customs_risk_drift_psi", "Population stability index.", names, registry=registry)
    floor = Gauge("customs_risk_drift_psi_floor", "Its noise floor.", names, registry=registry)
    beyond = Gauge("customs_risk_drift_beyond", "1 where it drifted beyond noise.", names, registry=registry)
    for each in report.distances:
        labels = (report.target, each.kind, each.name)
        index.labels(*labels).set(each.psi)
        floor.labels(*labels).set(each.psi_floor)
        beyond.labels(*labels).set(each.drifted)
    ratio = Gauge(
        "customs_risk_drift_observed_over_expected", "Found over expected failures.", ["target", "month"],
        registry=registry,
    )  # fmt: skip
    for month in report.calibration:
        ratio.labels(report.target, month.month).set(month.models["champion"].ratio)
    single = {
        "unknown_words": ("Share of words never seen before.", report.unknown.share),
        "lines": ("Lines declared in the period.", report.present[2]),
        "report_timestamp_seconds": ("When the report was made.", time.time()),
    }
    for name, (told, value) in single.items():
        gauge = Gauge(f"customs_risk_drift_{name}", told, ["target"], registry=registry)
        gauge.labels(report.target).set(value)
    write_to_textfile(str(file), registry)
