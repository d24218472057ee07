"""Whether somebody was hurt according to a text, how badly, and how many."""

from __future__ import annotations

import re
from dataclasses import dataclass

from features.text.lexicon import denied_by

_GRADES = (
    (
        4,
        "死亡|身亡|去世|遇难|致死|丧命|丧生|毙命|夭折|猝死|溺亡|不治|没救过来|没抢救过来|抢救无效|脑死亡|植物人|心跳骤停|心脏骤停"
        "|烧死|电死|噎死|勒死|炸死|毒死|砸死|摔死|压死|截肢|失明|失聪|瘫痪|残疾|致残|毁容|病危|重症监护|icu|[0-9一二两三四五六七八九十]死[0-9一二两三四五六七八九十]",
    ),
    (
        3,
        "住院|住进医院|骨折|骨裂|粉碎性|手术|开刀|植皮|洗胃|缝了?[0-9一二两三四五六七八九十几好多]*针|休克|昏迷|昏倒|昏过去|晕倒|晕厥"
        "|失去意识|意识不清|抢救|急救|救护车|重伤|重度|深度烫伤|深度烧伤|[二三23]度烫伤|[二三23]度烧伤|ii度|血铅|铅中毒|脑震荡|颅内|颅脑|大出血|内出血"
        "|断指|指骨|断了手指|切断手指|手指被切|肌腱|韧带|穿孔|气管异物|食道异物|窒息|呼吸困难|呼吸停止|停止呼吸|喉头水肿|过敏性休克|一氧化碳中毒"
        "|肝损伤|肾衰|肾损伤|白血病|癫痫|抽搐|惊厥|流产|胎停|脑损伤|角膜|视网膜|视力下降|视力受损",
    ),
    (
        2,
        "受伤|受了伤|伤者|伤员|轻伤|弄伤|伤到|[0-9一二两三四五六七八九十]伤|去医院|去了医院|到医院|进医院|进了医院|上医院|送医|送往医院|送到医院|送去医院"
        "|医院看|医院检查|医院处理|医院包扎|就医|就诊|看医生|看了医生|医治|治疗|急诊|门诊|挂水|打点滴|输液|包扎|医药费|医疗费|破伤风"
        "|烫伤|灼伤|烧伤|炸伤|割伤|划伤|刺伤|扎伤|戳伤|刮伤|勒伤|咬伤|擦伤|挫伤|砸伤|夹伤|挤伤|绞伤|摔伤|跌伤|扭伤|撞伤|磕伤|冻伤|晒伤|烫到|烫红|烫破|烫起泡"
        "|割破|划破|扎破|磕破|砸破|划到手|割到手|割到了手|扎到手|夹到手|夹住手|夹了手|砸到|砸中|砸了脚|摔倒|摔下|跌倒|跌下|滑倒|脱臼|淤青|乌青|青一块|肿包"
        "|流血|出血|鲜血|血流|感染|发炎|化脓|溃烂|起水泡|大水泡|水疱|起大泡|起了泡|起泡了|中毒|呕吐|上吐下泻|又吐又拉|腹泻|拉肚子|拉稀|肠胃炎|肠炎|高烧|发烧"
        "|过敏|荨麻疹|疹|红肿|肿了|肿起|浮肿|烂脸|脱皮|皮炎|触电|被电|电到|电击|电伤|卡喉|卡住喉咙|卡在喉咙|噎住|噎到|呛到|误吞|误食|吞下|吞了|吞进|咽下|勒痕|勒住脖子|勒脖子"
        "|缠住脖子|卡住头|头被卡|手指被卡|崩掉|崩了牙|崩牙|牙崩|牙断|磕掉|鼻血|惊吓过度",
    ),
    (
        1,
        "麻手|手麻|发麻|麻了一下|头晕|头昏|头疼|头痛|恶心|想吐|反胃|不适|不舒服|发痒|很痒|好痒|瘙痒|刺痒|痒得|咳嗽|流泪|流眼泪|睁不开眼|喉咙痛|喉咙疼|嗓子疼|嗓子痛|嗓子哑"
        "|刺痛|灼痛|疼痛|火辣辣|眼睛疼|眼睛痛|眼睛红|眼睛难受|肚子疼|肚子痛|腹痛|胃疼|胃痛|胸闷|心慌|磨脚|硌牙|硌了牙|硌到牙|硌手|扎手|扎脚|割手|烫手|烫嘴|打喷嚏|鼻炎",
    ),
)
_PATTERNS = tuple((grade, re.compile(words)) for grade, words in _GRADES)
_OTHER = re.compile(
    "不适[合用应]|过敏[原源]|过敏体质|过敏史|过敏人群|过敏性鼻炎|手术[刀衣服包器帽室灯台剪钳缝]|[充停放来断货]电到|死亡率|死亡笔记|死亡之|急救[包箱]|抗过敏|防过敏"
    "|盐水泡|重度使用|重度用户|中毒性|残疾人|感染力|伤到心|让人头[疼痛]|令人头[疼痛]|手术级|治疗仪|治疗效果|理疗"
)
"""The same signs in words that say nothing of anybody hurt."""
_MAYBE = re.compile(
    r"(?:可能|恐怕?|也许|差一?点|险些|万一|如果|要是|假如|容易|极?易|足以|以防|(?<!不)小心|防止|避免|担心|害怕|怕|存在)[^,。;!?\n]{0,6}$"
)
_RISK = re.compile(r"^[^,。;!?\n]{0,3}(?:风险|隐患|的?危险|可能|怎么办)")
_DIGITS = dict(zip("一二三四五六七八九两", (*range(1, 10), 2), strict=True))
_COUNT = "([0-9]{1,4}|[一二三四五六七八九十两百]{1,5}|多|数十|数|几)(?:余|多)?"
_WHO = (
    "(?:[个名位]?(?:人|孩子|小孩|儿童|幼儿|婴儿|宝宝|老人|学生|同学|工人|员工|消费者|顾客|乘客|游客|居民|女子|男子|男孩|女孩"
    "|男童|女童|大人)|名|位|例|口)"
)
_DEAD = "死亡|身亡|遇难|死"
_HARM = (
    f"({_DEAD}|受伤|轻伤|重伤|伤|中毒|[烫烧灼割划砸夹摔扎炸]伤|触电|住院|骨折|窒息|腹泻|拉肚子|呕吐|过敏|送医|不适|昏迷"
    "|起疹|发烧|就医)"
)
_HURT = (
    (re.compile(rf"{_COUNT}{_WHO}[^,。;!?\n0-9]{{0,7}}?{_HARM}"), 1, 2),
    (re.compile(rf"{_HARM}了?{_COUNT}{_WHO}"), 2, 1),
    (re.compile(r"([0-9]{1,3}|[一二三四五六七八九十两]{1,3})(死)(?=[^,。;!?\n]{0,5}伤)"), 1, 2),
    (re.compile(r"(?<=死)([0-9]{1,3}|[一二三四五六七八九十两]{1,3})(伤)"), 1, 2),
)
"""How a text counts who was hurt, with the groups of the number and of the harm."""


@dataclass(frozen=True, slots=True)
class Injury:
    """Severity 0 (nobody hurt) to 4 (death or lasting harm), how many as far as said, and where."""

    severity: int
    injured: int
    spans: tuple[tuple[int, int], ...]


def injury_in(normal: str) -> Injury:
    """Read who was hurt from a normal text.

    What is denied (无人死亡, 没有受伤) or only feared (可能窒息, 差点噎住) does not count.
    """
    plain = _OTHER.sub(lambda found: " " * len(found.group()), normal)
    for grade, pattern in _PATTERNS:
        spans = [found.span() for found in pattern.finditer(plain) if _happened(plain, *found.span())]
        if spans:
            return Injury(grade, _count(plain) or (1 if grade >= 2 else 0), tuple(spans))
    return Injury(0, 0, ())


def _happened(plain: str, start: int, end: int) -> bool:
    if denied_by(plain, start, end) or _RISK.search(plain[end : end + 8]):
        return False
    return not _MAYBE.search(plain[max(0, start - 12) : start])


def _count(plain: str) -> int:
    """Add the most that died to the most that were hurt otherwise; those among others (其中) are counted."""
    most = {True: 0, False: 0}
    for pattern, number, harm in _HURT:
        for found in pattern.finditer(plain):
            if (
                _happened(plain, *found.span(harm))
                and "其中" not in plain[max(0, found.start() - 4) : found.start()]
            ):
                dead = re.fullmatch(_DEAD, found.group(harm)) is not None
                most[dead] = max(most[dead], _number(found.group(number)))
    return most[True] + most[False]


def _number(written: str) -> int:
    """Return the least that a number means: 十二 is 12, 多 and 几 at least 2, 数十 at least 20."""
    if written.isdigit():
        return int(written)
    if written in ("多", "数", "几", "数十"):
        return 20 if written == "数十" else 2
    total, digit = 0, 0
    for sign in written:
        if sign in _DIGITS:
            digit = _DIGITS[sign]
        else:
            total, digit = total + (digit or 1) * (10 if sign == "十" else 100), 0
    return total + digit
