"""Takes telephone numbers, e-mail addresses, identity numbers and chat accounts out of a text.

Numbers are found in ASCII, full-width and Chinese digits, with the separators that people write. What goods
are named by stays: HS codes (10 digits), HS with CIQ codes and bar codes (13), batch numbers. An 18-digit
number is an identity number when its date of birth is a date; its check digit is not asked for, as a mistyped
one still names a person.
"""

from __future__ import annotations

import re

_DIGITS = "0123456789"
_SIGNS = {0x3000: " ", 0xA0: " ", 0x2013: "-", 0x2014: "-", 0x2212: "-", 0x2010: "-", 0x2011: "-"}
_WIDE = {0xFEE0 + code: chr(code) for code in range(0x21, 0x7F)}
_WRITTEN = ("零〇○", "一幺壹", "二贰", "三叁", "四肆", "五伍", "六陆", "七柒", "八捌", "九玖")
_CHINESE = {ord(sign): digit for signs, digit in zip(_WRITTEN, _DIGITS, strict=True) for sign in signs}
_PLAIN = _SIGNS | _WIDE | _CHINESE
"""One character to one, so that what is found in the plain text stands at the same place in the given."""

_MAIL = r"(?<![\w.%+-])[a-z0-9._%+-]{1,64}\s?@\s?[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,4}"
_BORN = r"(?:18|19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
_BORN_SHORT = r"\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
_IDENTITY = rf"(?<!\d)[1-9]\d{{5}}[- ]?(?:{_BORN}[- ]?\d{{3}}[\dx](?![\da-z])|{_BORN_SHORT}\d{{3}}(?!\d))"
_MOBILE = r"(?<!\d)(?:(?:\+|00)?86[- ]?)?1[3-9]\d(?:[-. ]?\d{4}[-. ]?\d{4}|\d[- ]\d{3}[- ]\d{4})(?!\d)"
_LANDLINE = (
    r"(?<![\d.])(?:(?:\+|00)?86[- ]?)?"
    r"(?:\(0\d{2,3}\)[- ]?[2-9]\d{6,7}|0\d{2,3}[- ][2-9]\d{2,3}[- ]?\d{4}"
    r"|0(?:10|2\d)[2-9]\d{7}|0[3-9]\d\d[2-9]\d{6,7})"
    r"(?:[- ]?(?:转|分机|ext\.?|-)[- ]?\d{1,6})?(?!\d)"
)
_SERVICE = r"(?<!\d)[48]00(?:-\d{3}-?\d{4}|-\d{4}-?\d{3}|\d-\d{3}-\d{3})(?!\d)"
_ABROAD = r"\+\d{1,3}[- ]?\(?\d[\d\- ()]{5,16}\d"
_CALLED = r"(?<=[话机系电])[::为是\s]{0,3}[2-9]\d{2,3}[- ]?\d{4}(?!\d)"
_ACCOUNT = r"(?:(?<![a-z])(?:qq|vx|wx|wechat)|微信|威信)(?:号码?)?[::为是\s]{0,3}[a-z0-9][a-z0-9_-]{4,19}"

_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("[邮箱]", re.compile(_MAIL, re.IGNORECASE | re.ASCII)),
    ("[证件号]", re.compile(_IDENTITY, re.IGNORECASE)),
    ("[电话]", re.compile("|".join((_MOBILE, _LANDLINE, _SERVICE, _ABROAD, _CALLED)), re.IGNORECASE)),
    ("[账号]", re.compile(_ACCOUNT, re.IGNORECASE)),
)


def mask(text: str) -> str:
    """Return the text with personal numbers replaced by what they were: [电话], [邮箱], [证件号], [账号].

    Everything else stays as it was written. Masking twice changes nothing more.
    """
    for name, pattern in _PATTERNS:
        plain = text.translate(_PLAIN)
        kept, end = [], 0
        for found in pattern.finditer(plain):
            kept += [text[end : found.start()], name]
            end = found.end()
        text = "".join(kept) + text[end:]
    return text
