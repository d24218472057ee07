"""What can go wrong with a search."""

from __future__ import annotations

from training.errors import TrainingError


class CannotTune(TrainingError):
    """A search that cannot be made."""

    title = "Cannot tune"
    title_zh = "无法调参"
    remedy = "Install the extra `tune`; let one search run at a time, and give it time for a trial."
    remedy_zh = "请安装可选依赖 tune；同一时间只运行一次调参，并留足至少一次试验的时间。"


class Interrupted(CannotTune):
    """A search that was ended by hand before there was anything to tell."""

    title = "Search ended by hand"
    title_zh = "调参已中断"
    remedy = "Run the same command again: trials that were made are kept, and it goes on after them."
    remedy_zh = "请再次运行同一命令：已完成的试验均已保留，将从其后继续。"
