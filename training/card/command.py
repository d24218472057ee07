"""The command that writes a version's card again."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import click

from models.bundle import bundles_folder, verified_contents
from models.keys import public_keys
from training.card.page import card_page
from training.commands import html_option, json_option, opened_workshop, write_json, write_text
from training.promote import parse_version
from training.tracking import Tracking


@click.command("card")
@click.argument("version", metavar="NAME/VERSION")
@html_option
@json_option
def card_command(version: str, html_file: Path | None, json_file: Path | None) -> None:
    """Write the model card of a registered version, as signed into its bundle, with the run's pictures."""
    with opened_workshop() as workshop, tempfile.TemporaryDirectory() as folder:
        tracking = Tracking(workshop.home)
        chosen = parse_version(version, tracking)
        place = bundles_folder(workshop.home) / chosen.fingerprint
        contents = verified_contents(place, public_keys(workshop.home), fingerprint=chosen.fingerprint)
        card, gates = (json.loads(contents[name]) for name in ("model_card.json", "gates.json"))
        if html_file is not None:
            plots = tracking.fetch(chosen, "plots", Path(folder))
            write_text(html_file, card_page(card, gates, str(chosen), chosen.fingerprint, plots))
    if json_file is not None or html_file is None:
        told = {"version": str(chosen), "fingerprint": chosen.fingerprint, **card, "gates": gates}
        write_json(json_file, told)
        if json_file is None:
            click.echo(json.dumps(told, ensure_ascii=False, indent=1))
