"""What can be wrong with a grading policy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from features.wording import Language
from models.errors import ModelsError


class Problem(NamedTuple):
    """One thing that keeps a policy from being followed: its place, the value and the rule, in words."""

    zh: str
    en: str

    def text(self, language: Language) -> str:
        """Say it in a language."""
        return self.zh if language == "zh" else self.en


class InvalidGradingPolicy(ModelsError):
    """A grading policy that cannot be followed; `problems` names every cell and entry that is wrong."""

    title = "Grading policy"
    title_zh = "分级策略文件有误"
    remedy = "Correct the cells named; `customs-risk grading check FILE` says whether any are left."
    remedy_zh = "请更正所列单元格与条目，并用 `customs-risk grading check 文件` 复核。"

    def __init__(self, where: str, problems: Sequence[Problem]) -> None:
        super().__init__(f"{where}: {'; '.join(problem.en for problem in problems)}", field=where)
        self.message_zh = f"{where}：{'；'.join(problem.zh for problem in problems)}"
        self.problems = tuple(problems)


class VersionTaken(ModelsError):
    """A grading policy whose version stands for another content already."""

    title = "Version of a grading policy"
    title_zh = "分级策略版本重复"
    remedy = "Give the changed policy a new `version`, or put the file back as it was."
    remedy_zh = "请为改动后的策略另定 version，或恢复原文件。"

    def __init__(self, version: str, sha256: str, kept: str) -> None:
        super().__init__(
            f"grading policy version {version!r} with SHA-256 {sha256}: the database keeps another content "
            f"under this version, SHA-256 {kept}",
            field="version",
            value=version,
        )
        self.message_zh = (
            f"分级策略版本 {version!r}（SHA-256 {sha256}）：数据库中该版本已有另一内容，SHA-256 {kept}"
        )
