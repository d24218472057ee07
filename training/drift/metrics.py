"""A drift report as metrics for a Prometheus text collector."""

from __future__ import annotations

import time
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge, write_to_textfile

from training.drift.report import DriftReport
from training.drift.shifts import CALIBRATION, LABELS

RATIOS = {
    CALIBRATION: ("observed_over_expected", "Found over expected failures."),
    LABELS: ("random_share_ratio", "Share found in random draws over that of the champion's last lessons."),
}


def write_metrics(report: DriftReport, file: Path) -> None:
    """Write the report as a Prometheus text file, whole or not at all."""
    registry = CollectorRegistry()
    _distances(report, registry)
    for kind in RATIOS:
        _results(report, kind, registry)
    unknown = report.unknown
    single = {
        "unknown_words": ("Share of words never seen before.", unknown.share),
        "unknown_words_floor": ("Its noise floor.", unknown.floor),
        "unknown_words_beyond": ("1 where it drifted beyond noise.", unknown.drifted),
        "lines": ("Lines declared in the period.", report.present[2]),
        "report_timestamp_seconds": ("When the report was made.", time.time()),
    }
    for name, (told, value) in single.items():
        gauge = Gauge(f"customs_risk_drift_{name}", told, ["target"], registry=registry)
        gauge.labels(report.target).set(value)
    write_to_textfile(str(file), registry)


def _distances(report: DriftReport, registry: CollectorRegistry) -> None:
    names = ["target", "kind", "name"]
    index = Gauge("customs_risk_drift_psi", "Population stability index.", names, registry=registry)
    floor = Gauge("customs_risk_drift_psi_floor", "Its noise floor.", names, registry=registry)
    beyond = Gauge("customs_risk_drift_beyond", "1 where it drifted beyond noise.", names, registry=registry)
    for each in report.distances:
        labels = (report.target, each.kind, each.name)
        index.labels(*labels).set(each.psi)
        floor.labels(*labels).set(each.psi_floor)
        beyond.labels(*labels).set(each.drifted)


def _results(report: DriftReport, kind: str, registry: CollectorRegistry) -> None:
    """Write the ratios of one kind by month, that of all months together under "all"."""
    name, told = RATIOS[kind]
    ends = "of its interval, widened for all that the report looks at."
    gauges = [
        Gauge(f"customs_risk_drift_{name}{end}", words, ["target", "month"], registry=registry)
        for end, words in {
            "": told, "_low": f"Lower end {ends}", "_high": f"Upper end {ends}",
            "_beyond": "1 where it is beyond its interval and worth speaking of.",
        }.items()
    ]  # fmt: skip
    for each in report.shifts:
        if each.kind == kind:
            values = each.ratio, each.low, each.high, each.drifted
            for gauge, value in zip(gauges, values, strict=True):
                gauge.labels(report.target, each.month).set(value)
