"""The command that compares two versions."""

from __future__ import annotations

from pathlib import Path

import click

from training.commands import html_option, json_option, opened_workshop, policy_option, write_json, write_text
from training.compare.comparison import Named, compare
from training.compare.golden import golden_file
from training.compare.tables import page, text_report
from training.errors import SameVersion
from training.policy import gate_policy
from training.promote import parse_version, read_version
from training.tracking import Tracking


@click.command("compare")
@click.argument("challenger", metavar="CHALLENGER")
@click.argument("champion", metavar="CHAMPION")
@policy_option
@click.option("--refreeze", is_flag=True, help="Freeze the golden set anew, from the champion's scores now.")
@json_option
@html_option
def compare_command(
    challenger: str,
    champion: str,
    policy: Path,
    refreeze: bool,
    json_file: Path | None,
    html_file: Path | None,
) -> None:
    """Compare two versions, each NAME/VERSION, on lines later than both trainings.

    Ends with status 1 where a gate is closed.
    """
    with opened_workshop() as workshop:
        versions = [parse_version(name, Tracking(workshop.home)) for name in (challenger, champion)]
        ours, theirs = (Named(str(each), read_version(workshop.home, each)) for each in versions)
        if ours.model.fingerprint == theirs.model.fingerprint:
            raise SameVersion(f"{ours.name} and {theirs.name} are one model: there is nothing to compare")
        if refreeze:
            golden_file(workshop.home, theirs.model.target).unlink(missing_ok=True)
        found = compare(workshop, ours, theirs, gate_policy(policy))
    click.echo(text_report(found))
    write_json(json_file, found.to_dict())
    if html_file is not None:
        write_text(html_file, page(found))
    if any(not gate.passed for gate in found.gates):
        raise SystemExit(1)
