"""The rules a record can break, each with its sentence and its remedy in English and Chinese."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from features.errors import RecordError
from features.text.masking import mask


class BrokenRule(RecordError):
    """One field of a record breaks one rule; the message is `field 'value': rule`.

    `detail` says more than the rule and stands in its place; `detail_zh` stands behind the rule in Chinese.
    Personal numbers in the value are masked: what is refused is shown, logged and written to files.
    """

    rule: ClassVar[str] = "breaks a rule"
    rule_zh: ClassVar[str] = "不合规则"

    def __init__(
        self, field: str, value: object = None, detail: str | None = None, detail_zh: str | None = None
    ) -> None:
        self.reason = detail or self.rule
        self.reason_zh = f"{self.rule_zh}（{detail_zh}）" if detail_zh else self.rule_zh
        value = _masked(value)
        super().__init__(f"{field} {_show(value)}: {self.reason}", field=field, value=value)

    @property
    def message_zh(self) -> str:
        """Return the message in Chinese."""
        return f"{self.field} {_show(self.value)}：{self.reason_zh}"


def _masked(value: object) -> object:
    if value is None or isinstance(value, bool | float):
        return value
    text = value if isinstance(value, str) else repr(value)
    masked = mask(text)
    return value if masked == text else masked


def _show(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


class InvalidRecord(RecordError):
    """A record that breaks rules; `errors` has each of them, in the order of its fields."""

    def __init__(self, errors: Sequence[BrokenRule]) -> None:
        self.errors = tuple(errors)
        first = self.errors[0]
        super().__init__("; ".join(error.message for error in errors), field=first.field, value=first.value)


class MissingField(BrokenRule):
    """A field without which the record means nothing."""

    title, title_zh = "Missing field", "缺少字段"
    rule, rule_zh = "is required", "为必填项"
    remedy = "Fill in the field; in a mapping, name the column or constant it comes from."
    remedy_zh = "请填写该字段；使用映射时请指定其来源列或常量。"


class UnknownField(BrokenRule):
    """A field that this kind of record does not have."""

    title, title_zh = "Unknown field", "未知字段"
    rule, rule_zh = "is no field of this kind of record", "该类记录没有此字段"
    remedy = "Remove it or correct its spelling; the fields of each kind are listed in the API pages."
    remedy_zh = "请删除或更正字段名；各类记录的字段见接口文档。"


class NotText(BrokenRule):
    """A number where a code belongs: its leading zeros are lost."""

    title, title_zh = "A number instead of text", "应为文本而非数字"
    rule, rule_zh = (
        "is a number; codes are text, a number loses leading zeros",
        "是数字；代码须为文本，数字会丢失前导零",
    )
    remedy = "Send the code as text, with its leading zeros; in a spreadsheet, format the column as text."
    remedy_zh = "请以文本填写代码并保留前导零；电子表格中请将该列设为文本格式。"


class NotNumber(BrokenRule):
    """Text or anything else where a number belongs."""

    title, title_zh = "Not a number", "不是数字"
    rule, rule_zh = "is not a plain decimal number", "不是普通十进制数字"
    remedy = "Write digits with a decimal point, without thousands separators, units or quotes."
    remedy_zh = "请填写带小数点的数字，不含千分位、单位或引号。"


class NotWhole(BrokenRule):
    """A number with a fraction where something is counted."""

    title, title_zh = "Not a whole number", "不是整数"
    rule, rule_zh = "is not a whole number", "不是整数"
    remedy = "Write a whole number, without a decimal point; where it is not one, leave the field empty."
    remedy_zh = "请填写不带小数点的整数；如非整数请留空。"


class NotFinite(BrokenRule):
    """NaN or an infinity."""

    title, title_zh = "Not a finite number", "非有限数值"
    rule, rule_zh = "is not a finite number", "不是有限数值"
    remedy = "Leave the field empty where the value is not known."
    remedy_zh = "数值未知时请留空。"


class Negative(BrokenRule):
    """An amount below zero."""

    title, title_zh = "Negative amount", "数值为负"
    rule, rule_zh = "is below zero", "小于零"
    remedy = "Prices, quantities, weights and counts are zero or more; correct it or leave it empty."
    remedy_zh = "价格、数量、重量和件数不得为负，请更正或留空。"


class OutOfRange(BrokenRule):
    """A number, or the length of a text, outside what the field allows."""

    title, title_zh = "Out of range", "超出范围"
    rule, rule_zh = "is outside what the field allows", "超出字段允许的范围"
    remedy = "Correct the value: the limits stand in the API pages."
    remedy_zh = "请更正数值或长度；限制见接口文档。"


class WrongType(BrokenRule):
    """A value of the wrong kind: a list for a text, a text for a yes or no."""

    title, title_zh = "Wrong type", "类型错误"
    rule, rule_zh = "has the wrong type", "类型不符"
    remedy = "Send the type that the field has; the types stand in the API pages."
    remedy_zh = "请按字段类型填写；类型见接口文档。"


class NotOneOf(BrokenRule):
    """A word outside a closed vocabulary."""

    title, title_zh = "Unknown word", "未知取值"
    rule, rule_zh = "is not one of the allowed words", "不在允许取值之列"
    remedy = "Use one of the words named; in a mapping, translate the source's own with `values`."
    remedy_zh = "请使用所列取值之一；使用映射时用 values 转换。"


class NotInstant(BrokenRule):
    """Something that is no date or time."""

    title, title_zh = "Not a date or time", "不是日期或时间"
    rule, rule_zh = (
        "is not ISO 8601, nor microseconds since 1970",
        "不是 ISO 8601 时间，也不是 1970 年以来的微秒数",
    )
    remedy = "Write 2021-03-04 or 2021-03-04T12:00:00+08:00; in a mapping, set date_format."
    remedy_zh = "请写作 2021-03-04 或 2021-03-04T12:00:00+08:00；使用映射时可设 date_format。"


class BeyondCalendar(NotInstant):
    """An instant that no calendar shows."""

    rule, rule_zh = "is before 0001-01-02 or after 9999-12-31", "早于 0001-01-02 或晚于 9999-12-31"
    remedy = "Correct the date; numbers are microseconds since 1970; an end that is not set is left empty."
    remedy_zh = "请更正日期；数字须为 1970 年以来的微秒数；未定的截止日期请留空。"


class InFuture(BrokenRule):
    """Something said to have happened that lies ahead."""

    title, title_zh = "In the future", "时间在未来"
    rule, rule_zh = "is in the future", "晚于当前时间"
    remedy = "Correct the date and its time zone; what is planned is not yet a record."
    remedy_zh = "请更正日期和时区；尚未发生的事不能成为记录。"


class TooEarly(BrokenRule):
    """A date before records of this kind existed, most often seconds or days taken for microseconds."""

    title, title_zh = "Too early", "时间过早"
    rule, rule_zh = "is before 1980", "早于 1980 年"
    remedy = "Correct the date; numbers are microseconds since 1970, not seconds or milliseconds."
    remedy_zh = "请更正日期；数字须为 1970 年以来的微秒数，而非秒或毫秒。"


class KnownTooSoon(BrokenRule):
    """Known before it happened, or after now."""

    title, title_zh = "Impossible known_at", "获知时间不可能"
    rule, rule_zh = "is before it happened, or after now", "不在发生时间与当前时间之间"
    remedy = "known_at lies between happened_at and now, a date alone being its midnight; correct or omit it."
    remedy_zh = "获知时间须在发生时间与当前时间之间，只写日期即为当日零时；请更正或省略。"


class BadHsCode(BrokenRule):
    """An HS code that is not 4, 6, 8 or 10 digits."""

    title, title_zh = "Malformed HS code", "HS 编码格式错误"
    rule, rule_zh = "is not 4, 6, 8 or 10 digits", "不是 4、6、8 或 10 位数字"
    remedy = "Send the digits as text without dots; with an odd count a leading zero was lost: put it back."
    remedy_zh = "请以文本填写数字，不含点号；位数为奇数说明丢失了前导零，请补上。"


class BadOffice(BrokenRule):
    """A customs office or district code that cannot be one."""

    title, title_zh = "Malformed customs office", "关区代码格式错误"
    rule, rule_zh = "is not 2 to 6 digits or capital letters", "不是 2 至 6 位数字或大写字母"
    remedy = "Use the office's code as text (four digits in China), with its leading zero."
    remedy_zh = "请以文本填写关区代码（中国为四位数字）并保留前导零。"


class UnknownCountry(BrokenRule):
    """A country that no table lists."""

    title, title_zh = "Unknown country", "未知国家或地区"
    rule, rule_zh = "is no ISO country code or name", "不是 ISO 国家（地区）代码或名称"
    remedy = "Use ISO 3166 alpha-2 (CN) or alpha-3 (CHN), or ZZ for a country not known."
    remedy_zh = "请使用 ISO 3166 两位（CN）或三位（CHN）代码；不详时用 ZZ。"


class BrokenText(BrokenRule):
    """Bytes that are not text in the file's encoding."""

    title, title_zh = "Broken text", "文本编码损坏"
    rule, rule_zh = "holds bytes that are not text in the file's encoding", "含有不符合文件编码的字节"
    remedy = "Export the row again as UTF-8."
    remedy_zh = "请以 UTF-8 重新导出该行。"


class ControlCharacters(BrokenRule):
    """A text with characters that nobody can see."""

    title, title_zh = "Control characters", "控制字符"
    rule, rule_zh = "holds line breaks, tabs or other control characters", "含有换行、制表符或其他控制字符"
    remedy = "Remove them; in a mapping, unwrap = true removes line breaks."
    remedy_zh = "请删除这些字符；使用映射时 unwrap = true 可去除换行。"


class MalformedRow(BrokenRule):
    """A row of a file that cannot be taken apart into its columns."""

    title, title_zh = "Malformed row", "行格式错误"
    rule, rule_zh = "cannot be taken apart into the file's columns", "无法按列拆分"
    remedy = "Check quotes and separators in the row."
    remedy_zh = "请检查该行的引号和分隔符。"


class NotPseudonym(BrokenRule):
    """A complainant given by name or number."""

    title, title_zh = "Complainant in clear", "投诉人信息未脱敏"
    rule, rule_zh = (
        "is a name or a personal number; a complainant is known by a keyed hash",
        "是姓名或个人号码；投诉人须以加密散列标识",
    )
    remedy = "Send a keyed hash (HMAC) of the number in hexadecimal, or leave the field out."
    remedy_zh = "请提交该号码的带密钥散列值（HMAC，十六进制），或留空。"
