"""Whether what stands around a word denies it: 不漏电, 没有任何异味, 甲醛未检出, 防止误吞."""

from __future__ import annotations

import re

_STOP = ",。;!?,.;!?\n"
_FILLERS = (
    "会|有|再|曾|是|含|带|见|到|过|出现|发生|发现|产生|造成|导致|引起|存在|检测出|检出|测出|闻到|闻出|看到|感到|感觉|觉得"
    "|任何|什么|一点儿|一点|一丝|丝毫|半点|明显|的|太|很|大|多|那么|这么|怎么|特别|非常|容易|易|至于|其他|其它|有害|可能"
    "|被|把|让|使|因此|因|受|轻易|出|用担心|必担心|怕|担心|害怕|了|种|严重|重大|人员|人|者|添加|使用"
)
"""What may stand between a denial and the word it denies; anything else ends it (没用两天就漏电)."""
_DENIAL = "(?<![是会能])不|(?<!有)没|未|无|非|免|零|毫无|绝无"
_DENIED = re.compile(rf"(?:{_DENIAL})(?:{_FILLERS})*$")
_LISTED = re.compile(
    rf"(?:(?<!有)没有|没|(?<!有)无|不含|未见|未发现|未检出|不会|零)[^{_STOP}]{{1,10}}(?:、|和|或者|或|及|以及|与|跟|也不|也没)"
    rf"(?:{_FILLERS})*$"
)
_GUARDED = re.compile(
    rf"(?:[防抗除祛零低隔]|(?<![上下进过出回拿看])去|去除|消除|净化|吸附|抑制|(?:防止|避免|杜绝|预防|以免|以防|免受|远离|告别|减少|(?<!不)小心|当心|谨防)[^{_STOP}]{{0,6}})$"
)
_GUARD = re.compile(r"^(?:保护|防护|报警|预警|克星|检测仪|净化|测试仪)(?!不|没|失|坏|缺|未|措施不)")
_CLEARED = re.compile(
    rf"^[^{_STOP}]{{0,8}}?(?:(?:未|没有|没|不|无)被?(?:检测出|检出|测出|超标|超过|发现|出现|发生|存在)"
    r"|(?<!不)(?<!未)(?<!没)(?<!非)(?:合格(?!证|吗|率)|达标(?!吗)|正常(?!吗|么|使用)|符合)|没有?问题|为零|为0|全无"
    rf"|没有?了|消失|散[了去]|低于(?:检出限|限量|限值|最大)|[都也]?没有?(?=的?(?:$|[{_STOP}])))"
)
_WORRY = re.compile(rf"(?:担心|怕|怀疑|以为|顾虑)[^{_STOP}]{{0,12}}$")
_RELIEF = re.compile(r"^[^。!?\n]{0,16}(?:没有|没问题|没事|不会|正常|放心|多虑|多余|合格|白担心)")
_DOUBT = re.compile(rf"^[^{_STOP}]{{0,3}}(?:吧|\?|吗)")


def denied_by(normal: str, start: int, end: int) -> bool:
    """Tell whether what stands around [start, end) of a normal text denies it, within its clause.

    A question that leaves it open (是不是假货, 不会是假货吧) denies nothing.
    """
    before, after = normal[max(0, start - 16) : start], normal[end : end + 24]
    if _DENIED.search(before) or _LISTED.search(before):
        return not _DOUBT.search(after)
    if _GUARDED.search(before) or _GUARD.search(after) or _CLEARED.search(after):
        return True
    return bool(_WORRY.search(before) and _RELIEF.search(after))
