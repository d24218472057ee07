"""The admissible changes of a line, read from TOML; what they aim at is the grading policy's to say."""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from pathlib import Path

import msgspec

from features.wording import Language
from models.errors import ModelsError

SHIPPED = Path(__file__).with_name("changes.toml")


class InvalidPolicy(ModelsError):
    """A policy file that cannot be followed."""

    title = "Policy file"
    title_zh = "策略文件有误"
    remedy = "Correct the file after models/policy/changes.toml; its comments explain every entry."
    remedy_zh = "请对照 models/policy/changes.toml 更正；该文件的注释说明了各项含义。"


class ChangeKind(StrEnum):
    """How a change is applied to a line."""

    PASSES = "passes"
    PRICE = "price"
    CODE = "code"


class Change(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One kind of admissible change; `effort` ranks sets of equally many changes, the least first.

    passes: `count` further inspections that pass, in the laboratory or not. price: to the usual unit price,
    where the declared one lies a factor `beyond` from it. code: `field` becomes another code of the model's
    vocabulary that agrees in its first `same_digits`, or what one of `from_fields` says.
    """

    code: str
    kind: ChangeKind
    effort: int
    zh: str
    en: str
    count: int = 0
    laboratory: bool = False
    beyond: float = 1.0
    field: str = ""
    same_digits: int = 0
    from_fields: tuple[str, ...] = ()
    most: int = 10

    def says(self, value: str, language: Language) -> str:
        """Say the change with the value it comes to."""
        return (self.zh if language == "zh" else self.en).format(value=value)


class ChangePolicy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A version of the policy."""

    version: str
    change: tuple[Change, ...]
    most_changes: int = 4


@lru_cache(maxsize=4)
def change_policy(file: Path = SHIPPED) -> ChangePolicy:
    """Read a policy of changes; raises InvalidPolicy."""
    try:
        return msgspec.toml.decode(file.read_bytes(), type=ChangePolicy)
    except (OSError, msgspec.MsgspecError, ValueError) as error:
        raise InvalidPolicy(f"{file}: {error}", field=str(file)) from error
