"""What can be wrong with a simulation's request."""

from __future__ import annotations

from training.errors import TrainingError


class BadParameters(TrainingError):
    """A parameter file that does not describe a world."""

    title = "Unusable simulation parameters"
    title_zh = "仿真参数不可用"
    remedy = "Start from a copy of training/simulator/port.toml and change values, not names or types."
    remedy_zh = "请复制 training/simulator/port.toml 后只改数值,不改名称和类型。"
