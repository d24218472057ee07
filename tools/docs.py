"""The documents against the code: links resolve, both READMEs agree, nothing public is undocumented."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from customs_risk import COMMANDS
from customs_risk import main as customs_risk
from features import terms

ROOT = Path(__file__).parents[1]
LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)\s]*))?\)")
HEADING = re.compile(r"^#+ +(.*?) *$", re.MULTILINE)
COMMAND = re.compile(r"customs-risk ([a-z]+)((?:\\\n|[^\n`|#])*)")
CODE_BLOCK = re.compile(r"```(?:sh|bash)\n(.*?)```", re.DOTALL)
PATH = re.compile(r"`((?:features|models|training|serving|benchmarks|tests|tools|docs|notebooks)/[\w./-]+)`")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
SETTING = re.compile(r"CUSTOMS_RISK_[A-Z_]+")


def documents() -> list[Path]:
    """List the Markdown documents of the project."""
    return [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]


def anchor(heading: str) -> str:
    """Return what a link to a heading ends in: small letters, hyphens for spaces, no punctuation."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def broken_links() -> Iterator[str]:
    """Yield relative links that lead nowhere: no such file, or no such heading in it."""
    for document in documents():
        for target, heading in LINK.findall(document.read_text(encoding="utf-8")):
            elsewhere = "://" in target or target.startswith("mailto:")
            if not elsewhere and not _leads(document.parent / target if target else document, heading):
                where = f"{target}#{heading}" if heading else target
                yield f"{document.relative_to(ROOT)}: the link {where} leads nowhere"


def _leads(file: Path, heading: str) -> bool:
    if not file.exists() or not heading:
        return file.exists()
    return heading in {anchor(title) for title in HEADING.findall(file.read_text(encoding="utf-8"))}


def differing_readmes() -> Iterator[str]:
    """Yield where the two READMEs show different commands or a different number of sections."""
    english, chinese = (ROOT / name for name in ("README.md", "README.zh-CN.md"))
    texts = [file.read_text(encoding="utf-8") for file in (english, chinese)]
    commands = [re.sub(r"\s*#.*", "", "".join(CODE_BLOCK.findall(text))) for text in texts]
    if commands[0] != commands[1]:
        yield "README.md and README.zh-CN.md show different commands"
    sections = [len(re.findall(r"^## ", text, re.MULTILINE)) for text in texts]
    if sections[0] != sections[1]:
        yield f"README.md has {sections[0]} sections, README.zh-CN.md {sections[1]}"


def missing_paths() -> Iterator[str]:
    """Yield files and folders of the project that a document names and that are not there."""
    for document in documents():
        for path in PATH.findall(document.read_text(encoding="utf-8")):
            if not (ROOT / path).exists():
                yield f"{document.relative_to(ROOT)}: there is no {path}"


def unknown_options() -> Iterator[str]:
    """Yield options that a document gives to a command of ours and that the command does not know."""
    context = click.Context(customs_risk)
    for document in documents():
        for name, words in COMMAND.findall(document.read_text(encoding="utf-8")):
            command = customs_risk.get_command(context, name)
            known = {"--help"} | (_options(command, context) if command else set())
            for option in OPTION.findall(words):
                if command and option not in known:
                    yield f"{document.relative_to(ROOT)}: customs-risk {name} knows no {option}"


def _options(command: click.Command, context: click.Context) -> set[str]:
    found = {option for each in command.params for option in (*each.opts, *each.secondary_opts)}
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            under = command.get_command(context, name)
            found |= _options(under, context) if under else set()
    return found


def undocumented_commands(text: str) -> Iterator[str]:
    """Yield commands that no document names."""
    for command in COMMANDS:
        if f"customs-risk {command}" not in text:
            yield f"no document shows `customs-risk {command}`"


def undocumented_settings(text: str) -> Iterator[str]:
    """Yield environment variables that the code reads and no document names."""
    for package in ("features", "models", "training", "serving"):
        for file in (ROOT / package).rglob("settings.py"):
            for name in _setting_names(file):
                if name not in text:
                    yield f"{file.relative_to(ROOT)}: the setting {name} is in no document"


def _setting_names(file: Path) -> Iterator[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    for settings in classes:
        if not any("Settings" in ast.unparse(base) for base in settings.bases):
            continue
        for field in settings.body:
            if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
                yield f"CUSTOMS_RISK_{field.target.id.upper()}"


def untranslated_terms() -> Iterator[str]:
    """Yield words of the records' closed vocabularies that docs/vocabulary.md lacks."""
    vocabulary = (ROOT / "docs" / "vocabulary.md").read_text(encoding="utf-8")
    for name, kind in vars(terms).items():
        if isinstance(kind, type) and kind.__module__ == terms.__name__:
            for member in kind:  # type: ignore[attr-defined]
                if f"`{member}`" not in vocabulary:
                    yield f"docs/vocabulary.md: {name} `{member}` has no Chinese term"


def main() -> int:
    """Print what the documents miss; return 1 if anything."""
    text = "\n".join(document.read_text(encoding="utf-8") for document in documents())
    misses = [
        *broken_links(),
        *missing_paths(),
        *unknown_options(),
        *differing_readmes(),
        *undocumented_commands(text),
        *undocumented_settings(text),
        *untranslated_terms(),
    ]
    print("\n".join(misses) or f"{len(documents())} documents agree with the code")
    return 1 if misses else 0


if __name__ == "__main__":
    sys.exit(main())
