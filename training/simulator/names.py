"""Names and codes of made-up parties: syllables drawn at random, credit codes with their check character."""

from __future__ import annotations

import numpy as np

from training.simulator.draws import Ints

_SYLLABLES = [
    "ba", "be", "bo", "da", "de", "do", "fa", "fe", "fi", "ga", "go", "ha", "ka", "ke", "ki", "ko",
    "la", "le", "li", "lo", "lu", "ma", "me", "mi", "mo", "na", "ne", "no", "pa", "pe", "pi", "ra",
    "re", "ri", "ro", "sa", "se", "si", "so", "ta", "te", "ti", "to", "va", "ve", "vi", "vo", "za",
    "ze", "zo",
]  # fmt: skip
_CHARACTERS = "安邦博昌诚达德东丰富冠光广国海航恒宏华汇嘉佳建金锦京晶景聚凯康科乐利联隆美铭宁鹏启千庆荣瑞润"
_CHARACTERS += "森尚盛世顺泰天通万威伟祥新信兴星旭雅阳益永优宇源远云泽展兆正志中众卓"
_PLACES = [
    "上海", "深圳", "宁波", "广州", "青岛", "天津", "北京", "苏州", "厦门", "杭州", "大连", "成都",
    "重庆", "郑州", "长沙", "义乌", "东莞", "佛山", "温州", "泉州",
]  # fmt: skip
_TRADES = ["进出口", "国际贸易", "贸易", "供应链管理", "实业", "商贸", "电子商务", "科技"]
_PLANTS = ["制造", "电器", "工贸", "日用品", "食品", "化工", "家居", "五金", "服饰", "科技"]
_FIRMS = [
    "Trading Co., Ltd.", "Industries Ltd", "GmbH", "Co., Ltd.", "Inc.", "S.p.A.", "Export Pte Ltd",
    "International Corp.", "Group",
]  # fmt: skip
_USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_WEIGHTS = np.array([3**position % 31 for position in range(17)])


def _words(rng: np.random.Generator, count: int, parts: int) -> list[str]:
    drawn = rng.integers(0, len(_SYLLABLES), (count, parts))
    return ["".join(_SYLLABLES[part] for part in row).capitalize() for row in drawn]


def _unique(names: list[str]) -> list[str]:
    seen: dict[str, int] = {}
    result = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        result.append(name if seen[name] == 1 else f"{name} {seen[name]}")
    return result


def brand_names(rng: np.random.Generator, count: int) -> list[str]:
    """Return made-up brands, each once."""
    return _unique(_words(rng, count, 3))


def foreign_firms(rng: np.random.Generator, count: int) -> list[str]:
    """Return made-up names of foreign companies, each once."""
    kinds = rng.integers(0, len(_FIRMS), count)
    first, second = _words(rng, count, 3), _words(rng, count, 2)
    return _unique([f"{a} {b} {_FIRMS[kind]}" for a, b, kind in zip(first, second, kinds, strict=True)])


def domestic_firms(rng: np.random.Generator, count: int, *, plants: bool) -> list[str]:
    """Return made-up names of Chinese companies, each once; traders, or plants."""
    trades = _PLANTS if plants else _TRADES
    places = rng.integers(0, len(_PLACES), count)
    kinds = rng.integers(0, len(trades), count)
    letters = rng.integers(0, len(_CHARACTERS), (count, 3))
    stems = ["".join(_CHARACTERS[letter] for letter in row) for row in letters]
    names = [f"{_PLACES[p]}{stem}{trades[k]}" for p, stem, k in zip(places, stems, kinds, strict=True)]
    return [f"{name}有限公司" for name in _unique(names)]


def credit_codes(rng: np.random.Generator, regions: Ints, invalid_share: float) -> list[str]:
    """Return unified social credit codes (GB 32100), a few of them with a wrong check character."""
    count = len(regions)
    body = rng.integers(0, 31, (count, 9))
    wrong = rng.random(count) < invalid_share
    values = np.zeros((count, 17), dtype=np.int64)
    values[:, 0], values[:, 1] = 9, 1
    values[:, 2], values[:, 3] = regions // 10, regions % 10
    values[:, 4:8] = rng.integers(0, 10, (count, 4))
    values[:, 8:] = body
    check = (31 - (values * _USCC_WEIGHTS).sum(axis=1) % 31 + wrong) % 31
    codes = [
        "".join(_USCC_ALPHABET[v] for v in (*row, last)) for row, last in zip(values, check, strict=True)
    ]
    return _unique(codes)
