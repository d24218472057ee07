"""What can be wrong with records, files and feature requests; each error names value, rule and remedy."""

from __future__ import annotations

from typing import ClassVar


class FeaturesError(Exception):
    """Base of every error of the features package.

    `title` says what kind of error it is, `remedy` what to do about it, in English and Chinese; the message
    itself names the value and the rule it broke.
    """

    title: ClassVar[str] = "Cannot use this"
    title_zh: ClassVar[str] = "无法使用"
    remedy: ClassVar[str] = "Correct the input and send it again."
    remedy_zh: ClassVar[str] = "请更正后重新提交。"

    def __init__(self, message: str, *, field: str | None = None, value: object = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.value = value


class RecordError(FeaturesError):
    """A record that breaks a rule; `field` and `value` say where."""

    title = "Invalid record"
    title_zh = "记录不合规则"


class UnreadableFile(FeaturesError):
    """A file that cannot be read at all."""

    title = "Unreadable file"
    title_zh = "文件无法读取"
    remedy = "Check the path, the format and the encoding (UTF-8 or GBK)."
    remedy_zh = "请检查路径、格式和编码（UTF-8 或 GBK）。"


class UnknownColumns(UnreadableFile):
    """A file with columns that are no fields, read without a mapping."""

    title = "Unknown columns"
    title_zh = "未知的列"
    remedy = "Rename or drop them, or give a --mapping; one that says known_at is named by --known-at-column."
    remedy_zh = (
        "请重命名或删除这些列，或用 --mapping 指定映射文件；表示获知时间的列用 --known-at-column 指定。"
    )


class LackingColumns(UnreadableFile):
    """A file without columns that it cannot be read without."""

    title = "Lacking columns"
    title_zh = "缺少列"
    remedy = "Add them to the file, or give a --mapping that names the file's own columns."
    remedy_zh = "请在文件中补上这些列，或用 --mapping 指定文件自身的列名。"


class StoreError(FeaturesError):
    """The record store cannot do what was asked."""

    title = "Record store"
    title_zh = "记录库"
