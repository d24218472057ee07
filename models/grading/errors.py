"""What can be wrong with a grading policy."""

from __future__ import annotations

from collections.abc import Sequence

from models.errors import ModelsError


class InvalidGradingPolicy(ModelsError):
    """A grading policy that cannot be followed; `problems` names every cell and entry that is wrong."""

    title = "Grading policy"
    title_zh = "分级策略文件有误"
    remedy = "Correct the cells named; `customs-risk grading check FILE` says whether any are left."
    remedy_zh = "请更正所列单元格与条目，并用 `customs-risk grading check 文件` 复核。"

    def __init__(self, where: str, problems: Sequence[str]) -> None:
        super().__init__(f"{where}: {'; '.join(problems)}", field=where)
        self.problems = tuple(problems)
