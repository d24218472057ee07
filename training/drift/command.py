"""The command that tells whether the champion still knows the trade it scores."""

from __future__ import annotations

import datetime as dt
import json
from contextlib import suppress
from pathlib import Path

import click

from features.instants import show_instant
from models import promotions
from models.risk_model import RiskModel
from training.champion import learned_until
from training.commands import (
    DAY,
    day,
    html_option,
    json_option,
    opened_workshop,
    target_option,
    write_json,
    write_text,
)
from training.drift.metrics import write_metrics
from training.drift.report import DriftReport, drift_report
from training.drift.tables import page, text_report
from training.errors import BadPeriod, UnknownVersion
from training.mirror import mirrored
from training.period import Period, Span
from training.promote import parse_version
from training.tracking import Tracking
from training.workshop import Workshop


@click.command()
@target_option
@click.option("--from", "start", type=DAY, help="First day of declaration (default: after its lessons).")
@click.option("--until", type=DAY, help="Last day (default: now).")
@json_option
@html_option
def drift(
    target: str,
    start: dt.datetime | None,
    until: dt.datetime | None,
    json_file: Path | None,
    html_file: Path | None,
) -> None:
    """Compare what the champion learned from with what was declared since, and found.

    A period that holds its own lessons is refused. The report also lies under the home, in drift/:
    TARGET.json, TARGET.html, and TARGET.prom for a Prometheus text collector; the champion's run shows the
    page, too.
    """
    with opened_workshop() as workshop:
        promotion = promotions.standing(workshop.store.engine, target)
        model = promotions.load_promoted(workshop.home, promotion)
        report = drift_report(workshop, model, promotion.version, _since(model, day(start), day(until)))
        keep(workshop, report)
    click.echo(text_report(report))
    write_json(json_file, report.to_dict())
    if html_file is not None:
        write_text(html_file, page(report))


def _since(model: RiskModel, first: dt.date | None, last: dt.date | None) -> Span:
    """Return the period to compare; raises BadPeriod where it is empty or ends on a day to come."""
    if first is not None:
        return Span.of_days(first, last)
    begin, end = learned_until(model) + 1, Period.of_days(last).until
    if begin >= end:
        raise BadPeriod(
            f"the champion learned from lines declared until {show_instant(begin - 1)}, after the end "
            f"{show_instant(end)}"
        )
    return Span(begin, end)


def keep(workshop: Workshop, report: DriftReport) -> Path:
    """Write the report under the home and beside the champion's run; returns its folder."""
    folder = workshop.home / "drift"
    folder.mkdir(exist_ok=True)
    (folder / f"{report.target}.html").write_text(page(report), encoding="utf-8")
    told = json.dumps(report.to_dict(), ensure_ascii=False, indent=1) + "\n"
    (folder / f"{report.target}.json").write_text(told, encoding="utf-8")
    write_metrics(report, folder / f"{report.target}.prom")
    with mirrored(f"the drift of {report.champion}"), suppress(UnknownVersion):
        tracking = Tracking(workshop.home)  # a champion that was trained elsewhere has no run here
        tracking.attach(parse_version(report.champion, tracking), {"drift": folder})
    return folder
