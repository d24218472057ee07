"""Where in a grading policy something stands, as whoever wrote the file would say it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

from models.grading.errors import Problem

Path: TypeAlias = tuple[str | int, ...]
"""Keys and places of a TOML document from its top: ("regime", "food", "matrix", "3", 4)."""

_NAMED_BY = {"grade": "grade", "authority": "code", "hazard": "hazard", "injury": "entity"}
"""By which of its entries an entry of a list is known."""
_NAMES = {
    "grade": ("等级", "grade"),
    "authority": ("主管部门", "authority"),
    "hazard": ("危害", "hazard"),
    "injury": ("受伤规则", "injury by"),
}


def place(document: Mapping[str, Any], path: Path) -> Problem:
    """Name a place of a document, which may be wrong anywhere."""
    if len(path) > 1 and path[0] == "regime":
        return _joined(regime(str(path[1])), *_in_regime(document, path))
    if len(path) > 1 and path[0] in _NAMES and isinstance(path[1], int):
        return _joined(_entry(document, str(path[0]), path[1]), *_in_entry(document, path))
    return _joined(*(_key(step) for step in path)) if path else Problem("文件", "the file")


def regime(name: str) -> Problem:
    """Name a regime by its key in the file."""
    return Problem(f"监管类别 {name}", f"regime {name}")


def cell(over: Sequence[Any], severity: str, at: int) -> Problem:
    """Name a cell of a matrix by its row and the band of probability of its column."""
    named = band(tuple(over), at) if _tells_bands(over, at) else None
    if named is None:
        return Problem(
            f"单元格（严重程度 {severity}，第 {at + 1} 列）", f"cell (severity {severity}, column {at + 1})"
        )
    return Problem(
        f"单元格（严重程度 {severity}，概率 {named}）", f"cell (severity {severity}, probability {named})"
    )


@lru_cache(maxsize=1024)
def band(over: tuple[float, ...], at: int) -> str:
    """Name a band of probability by its bounds: >1/100, or at most the last bound."""
    if over[at] > 0:
        return f">{_share(over[at])}"
    return "any" if at == 0 else f"≤{_share(over[at - 1])}"


def _share(bound: float) -> str:
    times = 1 / bound
    if times >= 3 and abs(times - round(times)) < 1e-9 * times:
        return f"1/{times:,.0f}"
    return f"{bound:.6g}" if bound < 0.01 else f"{bound:.4g}".rstrip("0") if bound % 1 else f"{bound:.0f}"


def _tells_bands(over: Any, at: int) -> bool:
    bounds = over if isinstance(over, list | tuple) else ()
    numbers = all(isinstance(one, int | float) and 0 <= one <= 1 for one in bounds)
    return at < len(bounds) and numbers and (bounds[at] > 0 or at == 0 or bounds[at - 1] > 0)


def _in_regime(document: Mapping[str, Any], path: Path) -> list[Problem]:
    own = at(document, path[:2])
    match path[2:]:
        case ("matrix", severity):
            return [Problem(f"严重程度 {severity}", f"severity {severity}")]
        case ("matrix", severity, int(column)):
            over = own.get("over") if isinstance(own, Mapping) else None
            return [cell(over or (), str(severity), column)]
        case ("over", int(bound)):
            return [Problem(f"over 第 {bound + 1} 个界值", f"bound {bound + 1} of over")]
        case ("competence", grade, *_):
            return [Problem(f"{grade} 级的主管部门", f"competence of grade {grade}")]
        case rest:
            return [_key(step) for step in rest]


def _in_entry(document: Mapping[str, Any], path: Path) -> list[Problem]:
    match path[2:]:
        case ("goods", int(), *rest):
            codes = at(document, (*path[:4], "hs"))
            shown = ", ".join(map(str, codes)) if isinstance(codes, list) else f"{int(path[3]) + 1}"
            return [Problem(f"商品 {shown}", f"goods {shown}"), *(_key(step) for step in rest)]
        case rest:
            return [_key(step) for step in rest]


def _entry(document: Mapping[str, Any], kind: str, number: int) -> Problem:
    name = at(document, (kind, number, _NAMED_BY[kind]))
    zh, en = _NAMES[kind]
    if isinstance(name, str) and name:
        return Problem(f"{zh} {name}", f"{en} {name}")
    return Problem(f"第 {number + 1} 个 [[{kind}]]", f"[[{kind}]] number {number + 1}")


def _key(step: str | int) -> Problem:
    return Problem(f"第 {step + 1} 项", f"item {step + 1}") if isinstance(step, int) else Problem(step, step)


def _joined(*parts: Problem) -> Problem:
    return Problem("：".join(part.zh for part in parts), ": ".join(part.en for part in parts))


def at(document: Any, path: Path) -> Any:
    """Return what stands at a path; None where nothing does."""
    for step in path:
        if isinstance(step, int):
            document = document[step] if isinstance(document, list) and step < len(document) else None
        else:
            document = document.get(step) if isinstance(document, Mapping) else None
    return document
