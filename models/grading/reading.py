"""Reading grading policies; a policy is known by the SHA-256 of its file, so that a grade can be verified."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import msgspec

from models.grading.checking import problems
from models.grading.errors import InvalidGradingPolicy
from models.grading.policy import GradingPolicy
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
        raise InvalidGradingPolicy(str(file), [f"cannot be read: {error.strerror}"]) from error
    return parse_policy(content, str(file))


def parse_policy(content: bytes, where: str) -> ReadPolicy:
    """Check a policy's TOML text; `where` names it in errors."""
    try:
        text = content.decode()
        policy = msgspec.toml.decode(text, type=GradingPolicy)
    except (msgspec.MsgspecError, ValueError) as error:
        raise InvalidGradingPolicy(where, [str(error)]) from error
    found = problems(policy)
    if found:
        raise InvalidGradingPolicy(where, found)
    return ReadPolicy(policy, text, hashlib.sha256(content).hexdigest())
