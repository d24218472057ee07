"""What is wrong with a parameter, in Chinese: the checker that finds it speaks English only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_RULES = {
    "extra_forbidden": "此接口没有该参数",
    "missing": "为必填项",
    "int_parsing": "须为整数",
    "float_parsing": "须为数字",
    "bool_parsing": "须为 true 或 false",
    "finite_number": "须为有限的数字",
    "enum": "须为 {expected} 之一",
    "greater_than": "须大于 {gt}",
    "greater_than_equal": "不得小于 {ge}",
    "less_than": "须小于 {lt}",
    "less_than_equal": "不得大于 {le}",
    "string_too_short": "至少须有 {min_length} 个字符",
    "string_too_long": "最多 {max_length} 个字符",
    "string_pattern_mismatch": "须符合模式 {pattern}",
}
"""Type of an error to its sentence."""


def rule_zh(error: Mapping[str, Any]) -> str:
    """Say which rule a parameter breaks; `error` is one of a validation's."""
    context = {name: str(value).replace(" or ", "、") for name, value in error.get("ctx", {}).items()}
    return _RULES.get(error["type"], "取值不符合要求").format(**context)
