"""Keeping a candidate: the signed bundle, the run with its pictures and card, the registered version."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from features.instants import show_instant
from models.bundle import bundles_folder, store_bundle
from models.keys import signing_key
from training.candidate import Bench, Candidate
from training.card import card_page, model_card
from training.compare.tables import page as comparison_page
from training.contributions import families, sample_of
from training.evaluate import Report
from training.examination import Examination
from training.explanation_plots import draw_explanations
from training.foretold import Foretold
from training.period import Period
from training.plots import draw_all
from training.tracking import Run, Tracking, Version
from training.workshop import Workshop


@dataclass(frozen=True, slots=True)
class Registered:
    """A registered version with its test report, its signed gate report and its card."""

    version: Version
    report: Report
    gates: Mapping[str, Any]
    card: Mapping[str, Any]


def register(
    workshop: Workshop,
    bench: Bench,
    candidate: Candidate,
    examination: Examination,
    period: Period,
) -> Registered:
    """Keep the bundle, log the run with pictures, card and comparison, and register the version."""
    key, test = signing_key(workshop.home), bench.folds.test
    report, gates = examination.report, examination.gates
    values, as_of = bench.encoded.table.values[test], bench.dataset.as_of[test]
    sample = sample_of(candidate.model, values, bench.ways(test), as_of)
    card = model_card(bench, candidate, examination, sample, period)
    extra = {"data": card["data"]["fingerprint"]}
    fingerprint = store_bundle(candidate.model, workshop.home, extra, key, gates=gates, model_card=card)
    with tempfile.TemporaryDirectory() as folder:
        plots, pages = Path(folder) / "plots", Path(folder) / "card"
        draw_all(plots, Foretold.of(bench, candidate), families(sample))
        draw_explanations(plots, sample)
        run = Run(
            target=str(bench.spec.target),
            params={**bench.spec.to_dict(), **_mixture(card)},
            metrics={
                **report.figures,
                **_hazard_figures(candidate),
                **_selection_figures(examination, candidate),
                "rows": report.rows,
                "positives": report.positives,
            },
            tags=_tags(bench, fingerprint, gates),
            artifacts={"bundle": bundles_folder(workshop.home) / fingerprint, "plots": plots},
        )
        tracking = Tracking(workshop.home)
        version = tracking.register(run, fingerprint)
        tracking.name(version, f"{version} until {show_instant(period.until - 1)[:10]}")
        _write_pages(pages, card, examination, version, plots)
        tracking.attach(version, {"card": pages})
    return Registered(version, report, gates, card)


def _hazard_figures(candidate: Candidate) -> dict[str, float]:
    figures = candidate.hazards.get("figures", {})
    return {name: value for name, value in figures.items() if value is not None}


def _selection_figures(examination: Examination, candidate: Candidate) -> dict[str, float]:
    """Name each estimate's figures, the support they rest on, and what was measured of unrecorded reasons."""
    parts = {name: part.figures for name, part in examination.report.parts.items()}
    told = {f"{name}_{figure}": value for name, part in parts.items() for figure, value in part.items()}
    shown = ("effective", "share_statutory", "share_exempt", "drawn_at_random", "chosen", "by_law")
    support = {f"support_{name}": float(examination.support[name]) for name in shown if examination.support}
    return told | support | {"selection_hint": candidate.correction.hint.size}


def _write_pages(
    folder: Path, card: Mapping[str, Any], examination: Examination, version: Version, plots: Path
) -> None:
    folder.mkdir()
    page = card_page(card, examination.gates, str(version), version.fingerprint, plots)
    (folder / "model_card.html").write_text(page, encoding="utf-8")
    _write_json(folder / "model_card.json", card)
    _write_json(folder / "gates.json", examination.gates)
    if examination.comparison is not None:
        told = comparison_page(examination.comparison)
        (folder / "comparison.html").write_text(told, encoding="utf-8")
        _write_json(folder / "comparison.json", examination.comparison.to_dict())


def _write_json(path: Path, told: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _tags(bench: Bench, fingerprint: str, gates: Mapping[str, Any]) -> dict[str, str]:
    """Tags by which runs are told apart in a list; MLflow shows the note as the run's description."""
    shut = [gate["name"] for gate in gates["gates"] if not gate["passed"]]
    told = f"gates closed: {', '.join(shut)}" if shut else "every gate open"
    return {
        "data_fingerprint": bench.dataset.fingerprint,
        "bundle_fingerprint": fingerprint,
        "gates": "closed" if shut else "open",
        "kind": "training",
        "mlflow.note.content": f"{bench.dataset.target}: {told}. See card/model_card.html and plots/.",
    }


def _mixture(card: Mapping[str, Any]) -> dict[str, Any]:
    return {f"weight of {part['member']}": part["weight"] for part in card["mixture"]} | {
        f"trees of {part['member']}": part["trees"] for part in card["mixture"]
    }
