"""The file of settings that a search writes and a training reads."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from models.spec import ModelSpec
from training.errors import TrainingError
from training.tuning.space import LIMITS

KEPT = ("target", "selection", "threads", "seed")
"""Settings that are not searched."""


class BadSettings(TrainingError):
    """A file of settings that cannot be used."""

    title = "Unusable settings"
    title_zh = "参数文件不可用"
    remedy = (
        "Give --params the file that `customs-risk tune --out FILE` wrote: JSON with its `parameters`, each "
        "within its limits."
    )
    remedy_zh = (
        "--params 须为 `customs-risk tune --out FILE` 写出的 JSON 文件（含 parameters，各值均在限定范围内）。"
    )


class OtherTarget(BadSettings):
    """A file of settings that were found for another target."""

    title = "Settings of another target"
    title_zh = "参数属于另一目标"
    remedy = "Train the target of the file, or search this one: `customs-risk tune --target T --out FILE`."
    remedy_zh = "请训练该文件所属目标，或以 `customs-risk tune --target T --out FILE` 为本目标调参。"


@dataclass(frozen=True, slots=True)
class Parameters:
    """A spec with the settings of a file, and where they come from: file, hash, target and study."""

    spec: ModelSpec
    origin: Mapping[str, str]


def read_parameters(file: Path, spec: ModelSpec) -> Parameters:
    """Return a spec with the settings that a search wrote; raises BadSettings, OtherTarget."""
    try:
        content = file.read_bytes()
        told = json.loads(content.decode("utf-8"))
        if not isinstance(told, dict) or not isinstance(told.get("parameters"), dict):
            raise ValueError("it holds no object `parameters`")
    except OSError as error:
        raise BadSettings(f"{file} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise BadSettings(f"{file} is not what `customs-risk tune` writes: {error}") from error
    found_for = told.get("target", str(spec.target))
    if found_for != str(spec.target):
        raise OtherTarget(f"{file} was found for {found_for}, and {spec.target} is to be trained")
    settings = _settings(file, told["parameters"], spec)
    origin = {
        "params_file": file.name, "params_sha256": hashlib.sha256(content).hexdigest(),
        "params_target": str(told.get("target", "")), "params_study": str(told.get("study", "")),
    }  # fmt: skip
    return Parameters(replace(spec, **settings), {name: value for name, value in origin.items() if value})


def _settings(file: Path, told: Mapping[str, Any], spec: ModelSpec) -> dict[str, Any]:
    known = {field.name for field in fields(ModelSpec)} - set(KEPT)
    unknown = sorted(set(told) - known)
    if unknown:
        raise BadSettings(f"{file} sets {', '.join(unknown)}, which no model has")
    try:
        return {name: _like(name, getattr(spec, name), value) for name, value in told.items()}
    except ValueError as error:
        raise BadSettings(f"{file} sets {error}") from error


def _like(name: str, present: object, value: Any) -> Any:
    """Return a value as the setting's own type; raises ValueError where it is none or beyond its limits."""
    if isinstance(present, bool):
        if not isinstance(value, bool):
            raise ValueError(f"{name} to {value!r}, which is neither true nor false")
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{name} to {value!r}, which is not a number")
    if not LIMITS[name].hold(value):
        raise ValueError(f"{name} to {value!r:.30}: it must be {LIMITS[name]}")
    if isinstance(present, int) and value != int(value):
        raise ValueError(f"{name} to {value!r}: it must be a whole number")
    return int(value) if isinstance(present, int) else float(value)
