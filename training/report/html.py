"""A page of tables and pictures in Chinese and English that needs nothing else."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import escape
from importlib.resources import files
from pathlib import Path

from training.report.words import Cell, Table, Words, shown


@dataclass(slots=True)
class Page:
    """A page that is written part by part."""

    title: Words
    parts: list[str] = field(default_factory=list)

    def heading(self, words: Words) -> None:
        """Begin a section."""
        self.parts.append(f"<h2>{both(words)}</h2>")

    def text(self, words: Words, *, kind: str = "note") -> None:
        """Say something in both languages."""
        zh, en = (escape(text) for text in words)
        self.parts.append(f'<p class="{kind}"><span lang="zh-CN">{zh}</span><br>{en}</p>')

    def listed(self, items: Sequence[Words]) -> None:
        """List things, each in both languages."""
        told = "".join(f"<li>{escape(zh)}<br>{escape(en)}</li>" for zh, en in items)
        self.parts.append(f"<ul>{told}</ul>")

    def table(self, table: Table) -> None:
        """Add a table; figures stand right, rows that ask for attention are marked."""
        self.parts.append(f"<h3>{both(table.title)}</h3>")
        if table.note is not None:
            self.text(table.note)
        self.parts.append("".join(_table(table)))

    def picture(self, png: Path, words: Words) -> None:
        """Add a picture with its caption."""
        self.parts.append(picture(png, words))

    def html(self) -> str:
        """Return the page."""
        style = (files("training.report") / "report.css").read_text(encoding="utf-8")
        return (
            '<!DOCTYPE html><html lang="zh-CN"><head><meta charset="utf-8">'
            f'<meta name="viewport" content="width=device-width"><title>{escape(shown(self.title))}</title>'
            f"<style>{style}</style></head><body><h1>{both(self.title)}</h1>"
            f"{''.join(self.parts)}</body></html>\n"
        )


def picture(png: Path, words: Words) -> str:
    """Return a picture with its caption, its bytes in the page itself."""
    data = base64.b64encode(png.read_bytes()).decode()
    return (
        f'<figure><img alt="{escape(words[1])}" src="data:image/png;base64,{data}">'
        f"<figcaption>{both(words)}</figcaption></figure>"
    )


def both(words: Words) -> str:
    """Return words in Chinese and, smaller, in English."""
    zh, en = (escape(text) for text in words)
    return zh if zh == en else f'<span lang="zh-CN">{zh}</span> <span class="en" lang="en">{en}</span>'


def _table(table: Table) -> Iterator[str]:
    heads = "".join(f"<th>{both(head)}</th>" for head in table.columns)
    yield f'<div class="wide"><table><thead><tr>{heads}</tr></thead><tbody>'
    for at, row in enumerate(table.rows):
        kind = ' class="marked"' if at in table.marked else ""
        yield f"<tr{kind}>{''.join(_cell(cell) for cell in row)}</tr>"
    yield "</tbody></table></div>"


def _cell(cell: Cell) -> str:
    if isinstance(cell, tuple):
        return f'<td class="said">{both(cell)}</td>'
    number = isinstance(cell, int | float) and not isinstance(cell, bool)
    return f'<td class="number">{shown(cell)}</td>' if number else f"<td>{escape(shown(cell))}</td>"
