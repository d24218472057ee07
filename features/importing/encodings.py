"""Which encoding a file of Chinese text is in: UTF-8 or GB18030 (which contains GBK and GB 2312)."""

from __future__ import annotations

import re
from typing import BinaryIO

_BLOCK = 1 << 16
_ENOUGH = 1 << 14
_ESCAPED = re.compile(r"[\udc80-\udcff]")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")


def detect_encoding(content: BinaryIO) -> str:
    """Return 'utf-8' or 'gb18030', from the first bytes that are not ASCII; the reading position is lost.

    A broken byte does not change the verdict: it goes by whether most of these bytes form UTF-8 characters,
    which GB text practically never does. A file that is ASCII throughout is UTF-8.
    """
    seen = b""
    while len(seen) < _ENOUGH:
        block = content.read(_BLOCK)
        if not block:
            break
        if not block.isascii():
            seen += b"".join(line for line in block.split(b"\n") if not line.isascii())
    text = seen.decode("utf-8", errors="surrogateescape")
    broken = len(_ESCAPED.findall(text))
    formed = len(_NOT_ASCII.findall(text)) - broken
    return "utf-8" if formed >= broken else "gb18030"


def is_broken(text: str) -> bool:
    """Say whether a text decoded with `surrogateescape` held bytes that are not in its encoding."""
    if text.isascii():
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False
