"""The command that compares two versions."""

from __future__ import annotations

from pathlib import Path

import click

from training.commands import html_option, json_option, json_text, opened_workshop, policy_option, write_text
from training.compare.comparison import Named, compare
from training.compare.golden import check_golden_set
from training.compare.tables import page, text_report
from training.errors import SameVersion
from training.mirror import show_report
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
        if not refreeze:
            check_golden_set(workshop.home, theirs.model.target)
        found = compare(workshop, ours, theirs, gate_policy(policy), refreeze=refreeze)
        told = {"comparison.json": json_text(found.to_dict()), "comparison.html": page(found)}
        show_report(workshop.home, ours.name, f"compare/{theirs.name.replace('/', '-')}", told)
    click.echo(text_report(found))
    write_text(json_file, told["comparison.json"])
    write_text(html_file, told["comparison.html"])
    if any(not gate.passed for gate in found.gates):
        raise SystemExit(1)
