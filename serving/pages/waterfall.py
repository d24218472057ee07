"""A score's waterfall as inline SVG: from the base, step by step, to the log-odds shown."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, LABELS, ROW, TOP = 860, 440, 24, 34
BOTTOM = 12
_RIGHT = 62
_RAISES, _LOWERS, _ENDS = "#b3261e", "#1f5fa8", "#555"
_TICKS = (0.0001, 0.001, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 0.8, 0.95, 0.99, 0.999)


@dataclass(frozen=True, slots=True)
class Step:
    """One bar: its name and what it adds in log-odds."""

    name: str
    log_odds: float


@dataclass(frozen=True, slots=True)
class _Scale:
    low: float
    high: float

    def x(self, log_odds: float) -> float:
        """Return where a value stands, in pixels."""
        return LABELS + (log_odds - self.low) / (self.high - self.low) * (WIDTH - LABELS - _RIGHT)


def waterfall(base: Step, steps: Sequence[Step], total: Step) -> str:
    """Draw a waterfall: `base` and `total` are positions, `steps` lead from one to the other, in order."""
    positions = [base.log_odds]
    for step in steps:
        positions.append(positions[-1] + step.log_odds)
    low, high = min(*positions, total.log_odds), max(*positions, total.log_odds)
    margin = max((high - low) * 0.06, 0.05)
    scale = _Scale(low - margin, high + margin)
    height = TOP + (len(steps) + 2) * ROW + BOTTOM
    parts = [*_grid(scale, height), *_end(scale, base, 0)]
    for row, (step, before) in enumerate(zip(steps, positions, strict=False), 1):
        parts += _bar(scale, step, before, row)
    parts += _end(scale, total, len(steps) + 1)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="{escape(total.name)}">{"".join(parts)}</svg>'
    )


def _grid(scale: _Scale, height: int) -> Iterator[str]:
    """Draw lines at round probabilities, named at the top, none too near the last."""
    last = -math.inf
    for probability in _TICKS:
        at = scale.x(math.log(probability / (1 - probability)))
        if not LABELS <= at <= WIDTH - _RIGHT or at - last < 44:
            continue
        last = at
        yield f'<line x1="{at:.1f}" y1="{TOP - 8}" x2="{at:.1f}" y2="{height - BOTTOM}" stroke="#ddd"/>'
        yield f'<text x="{at:.1f}" y="{TOP - 14}" text-anchor="middle" class="tick">{probability:.4g}</text>'


def _bar(scale: _Scale, step: Step, before: float, row: int) -> Iterator[str]:
    start, end = scale.x(before), scale.x(before + step.log_odds)
    left, right, y = min(start, end), max(start, end), TOP + row * ROW
    colour = _RAISES if step.log_odds > 0 else _LOWERS
    yield _label(step.name, y)
    yield (
        f'<rect x="{left:.1f}" y="{y + 4}" width="{max(right - left, 1):.1f}" height="{ROW - 8}" '
        f'fill="{colour}"/>'
    )
    yield f'<line x1="{end:.1f}" y1="{y + 4}" x2="{end:.1f}" y2="{y + ROW + 4}" stroke="#999"/>'
    yield (
        f'<text x="{right + 5:.1f}" y="{y + ROW / 2 + 4:.1f}" class="value" fill="{colour}">'
        f"{step.log_odds:+.2f}</text>"
    )


def _end(scale: _Scale, end: Step, row: int) -> Iterator[str]:
    at, y = scale.x(end.log_odds), TOP + row * ROW
    yield _label(end.name, y, strong=True)
    yield f'<circle cx="{at:.1f}" cy="{y + ROW / 2:.1f}" r="4" fill="{_ENDS}"/>'
    yield (
        f'<text x="{at + 9:.1f}" y="{y + ROW / 2 + 4:.1f}" class="value" fill="{_ENDS}">'
        f"{end.log_odds:+.2f}</text>"
    )


def _label(name: str, y: float, *, strong: bool = False) -> str:
    weight = ' font-weight="600"' if strong else ""
    return (
        f'<text x="{LABELS - 10}" y="{y + ROW / 2 + 4:.1f}" text-anchor="end" class="name"{weight}>'
        f"{escape(_shortened(name))}</text>"
    )


def _shortened(name: str) -> str:
    """Cut a name to what fits; a Chinese character is as wide as two letters."""
    room, kept = 71, ""
    for sign in name:
        room -= 2 if ord(sign) > 0x2E80 else 1
        if room < 0:
            return kept.rstrip() + "…"
        kept += sign
    return kept
