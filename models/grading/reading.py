"""Reading grading policies; a policy is known by the SHA-256 of its file, so that a grade can be verified."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from features.regimes import Regime
from models.grading.checking import problems
from models.grading.errors import InvalidGradingPolicy, Problem
from models.grading.policy import GradingPolicy, RegimePolicy
from models.grading.shape import Fault, faults
from models.grading.tables import Grader

SHIPPED = Path(__file__).with_name("default.toml")
"""This project's own policy, used unless an authority sets another."""


@dataclass(frozen=True, eq=False)
class ReadPolicy:
    """A policy that was checked, the text it was read from and that text's SHA-256 in hex."""

    policy: GradingPolicy
    text: str
    sha256: str

    @cached_property
    def grader(self) -> Grader:
        """The policy as tables, compiled once."""
        return Grader(self.policy)


def read_policy(file: Path = SHIPPED) -> ReadPolicy:
    """Read and check a policy file; raises InvalidGradingPolicy naming every cell that is wrong."""
    try:
        content = file.read_bytes()
    except OSError as error:
        told = Problem(f"无法读取：{error.strerror}", f"cannot be read: {error.strerror}")
        raise InvalidGradingPolicy(str(file), [told]) from error
    return parse_policy(content, str(file))


def parse_policy(content: bytes, where: str) -> ReadPolicy:
    """Check a policy's TOML text; `where` names it in errors."""
    text, document = _document(content, where)
    misshapen = faults(document)
    policy = msgspec.convert(document, GradingPolicy) if not misshapen else _sound(document, misshapen)
    found = [fault.problem for fault in misshapen] + problems(policy, _broken(misshapen))
    if found:
        raise InvalidGradingPolicy(where, found)
    return ReadPolicy(policy, text, hashlib.sha256(content).hexdigest())


def _document(content: bytes, where: str) -> tuple[str, dict[str, Any]]:
    try:
        text = content.decode()
        return text, tomllib.loads(text)
    except UnicodeDecodeError as error:
        told = Problem(
            f"第 {error.start + 1} 字节不是 UTF-8 文本", f"byte {error.start + 1} is no UTF-8 text"
        )
        raise InvalidGradingPolicy(where, [told]) from error
    except tomllib.TOMLDecodeError as error:
        told = Problem(f"不是 TOML：{error}", f"is no TOML: {error}")
        raise InvalidGradingPolicy(where, [told]) from error


def _broken(misshapen: Sequence[Fault]) -> frozenset[str]:
    """Name the parts that are not of a policy's shape: a regime by itself, a list as a whole."""
    return frozenset(
        " ".join(map(str, fault.path[:2] if fault.path[0] == "regime" else fault.path[:1]))
        for fault in misshapen
    )


def _sound(document: Mapping[str, Any], misshapen: Sequence[Fault]) -> GradingPolicy:
    """Return what of a policy can be read, so that it is checked with the rest; broken parts are empty."""
    broken = _broken(misshapen)
    kinds = {field.name: field.type for field in msgspec.structs.fields(GradingPolicy)}
    lists: dict[str, Any] = {
        name: () if name in broken else msgspec.convert(document.get(name, []), kinds[name])
        for name in ("grade", "authority", "hazard", "injury")
    }
    regimes = {} if "regime" in broken else document["regime"]
    regime = {
        Regime(name): msgspec.convert(own, RegimePolicy)
        for name, own in regimes.items()
        if f"regime {name}" not in broken
    }
    return GradingPolicy(version="", provenance_zh="", provenance_en="", regime=regime, **lists)
