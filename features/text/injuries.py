"""Whether somebody was hurt according to a text, how badly, and how many."""

from __future__ import annotations

import re
from dataclasses import dataclass

from features.text.lexicon import denied_by

_GRADES = (
    (4, "死亡|身亡|去世|遇难|致死|截肢|失明|瘫痪|终身残疾|毁容|病危|抢救无效|重症监护|icu"),
    (
        3,
        "住院|骨折|手术|缝了?[0-9一二两三四五六七八九十几]*针|休克|昏迷|抢救|急救|重度|三度烧伤|血铅|脑震荡|大出血",
    ),
    (
        2,
        "受伤|受了伤|去医院|送医|就医|医治|急诊|门诊|医药费|医疗费|烫伤|灼伤|烧伤|割伤|划伤|割破|划破|砸伤|砸到|夹伤|摔伤"
        "|流血|出血|感染|水泡|起大泡|食物中毒|呕吐|腹泻|拉肚子|过敏|疹|红肿|触电|被电到|卡喉|噎住|误吞|吞下去|吞了",
    ),
    (1, "麻手|发麻|头晕|头疼|头痛|恶心|不适|发痒|咳嗽|流泪|喉咙痛|刺痛|眼睛疼|眼睛痛|磨脚|硌牙|硌了牙"),
)
_PATTERNS = tuple((grade, re.compile(words)) for grade, words in _GRADES)
_NUMBER = dict(zip("一二三四五六七八九十两", (*range(1, 11), 2), strict=True))
_INJURED = re.compile(
    r"([0-9]{1,3}|[一二三四五六七八九十两])(?:个|名|位)?(?:人|孩子|儿童|老人)?(?:都|均|不同程度)?(?:受伤|中毒|烫伤|死亡)"
)


@dataclass(frozen=True, slots=True)
class Injury:
    """Severity 0 (nobody hurt) to 4 (death or lasting harm), how many as far as said, and where."""

    severity: int
    injured: int
    spans: tuple[tuple[int, int], ...]


def injury_in(normal: str) -> Injury:
    """Read who was hurt from a normal text; what is denied (无人死亡, 没有受伤) does not count."""
    for grade, pattern in _PATTERNS:
        spans = [found.span() for found in pattern.finditer(normal) if not denied_by(normal, *found.span())]
        if spans:
            return Injury(grade, _count(normal) or (1 if grade >= 2 else 0), tuple(spans))
    return Injury(0, 0, ())


def _count(normal: str) -> int:
    numbers = [found.group(1) for found in _INJURED.finditer(normal) if not denied_by(normal, *found.span())]
    return max((int(number) if number.isdigit() else _NUMBER[number] for number in numbers), default=0)
