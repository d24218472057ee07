"""The command `customs-risk`: mounts each package's commands, imported only when they run."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import click

COMMANDS: dict[str, tuple[str, str]] = {
    "import": ("features.cli:import_command", "Read records from files into the store."),
    "retag": ("features.store.readings.command:retag", "Read opinions with a new dictionary."),
    "simulate": ("training.simulator.cli:simulate", "Write the records and the truth of a simulated port."),
    "tune": ("training.tuning.command:tune_command", "Search a model's settings on folds before its test."),
    "train": ("training.cli:train", "Train, evaluate and register a model from the stored records."),
    "evaluate": ("training.cli:evaluate", "Judge a model on a later period, as it would have scored then."),
    "compare": ("training.compare.command:compare_command", "Compare a challenger with a champion."),
    "card": ("training.card.command:card_command", "Write the model card of a registered version."),
    "shadow": ("training.shadow:shadow", "Score a version in the champion's shadow, or list what it said."),
    "promote": ("training.cli:promote", "Make a registered version the champion of its target."),
    "rollback": ("training.cli:rollback", "Return to the champion before the present one."),
    "drift": ("training.drift.command:drift", "Compare what the champion learned from with what came since."),
    "models": ("training.cli:models", "List registered versions and champions."),
    "grading": ("serving.grading_command:grading", "Check an authority's own grading policy."),
    "serve": ("serving.cli:serve", "Serve scores over HTTP."),
    "score": ("serving.cli:score", "Score a file of declarations, with the server's numbers."),
    "replay": ("serving.cli:replay", "Recompute a stored score and compare it bit for bit."),
    "tokens": ("serving.cli:tokens", "Create, list and revoke access tokens."),
}
"""Command name to (module:attribute, help); the help stands here so that listing imports nothing."""


class LazyCommands(click.Group):
    """A group that imports a command's module when it is called, so that `serve` never loads training."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Name the commands in the order of a first day: import, train, serve."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import and return a command, or None where there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        module, attribute = COMMANDS[cmd_name][0].split(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands from the table alone."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; an error of ours becomes its message and remedy, and exit status 2."""
        try:
            return super().invoke(ctx)
        except Exception as error:
            remedy = getattr(error, "remedy", None)  # what every error of ours has, whichever its package
            if remedy is None:
                raise
            click.echo(f"customs-risk: {error}\n  {remedy}", err=True)
            sys.exit(2)


@click.group(cls=LazyCommands, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Quality and safety risk scores for import and export goods, each with its reasons."""


if __name__ == "__main__":
    main()
