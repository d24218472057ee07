"""What is wrong with a grading policy, cell by cell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping

from features.regimes import Regime
from models.grading import places
from models.grading.errors import Problem
from models.grading.injuries import INJURIES
from models.grading.policy import GradingPolicy, RegimePolicy
from models.hazards import HAZARDS
from models.scores import Colour, RiskGrade

ROWS = ("1", "2", "3", "4")
"""Rows of a matrix: severities, as their keys stand in the file."""
_Ranks = Mapping[str, int]


def problems(policy: GradingPolicy, broken: Collection[str] = ()) -> list[Problem]:
    """Return everything that keeps a policy from being followed, each naming the cell or entry.

    `broken` names its parts that could not be read ("grade", "authority", "hazard", "regime food"): nothing
    is said of them here, nor of what rests on them.
    """
    found = [] if "grade" in broken else [*_grades(policy)]
    found += [] if "hazard" in broken else [*_hazards(policy)]
    found += _injuries(policy)
    codes = Counter(authority.code for authority in policy.authority)
    found += [
        Problem(
            f"主管部门 {code} 出现 {times} 次：须只有一次",
            f"authority {code} stands {times} times: must stand once",
        )
        for code, times in codes.items()
        if times > 1
    ]
    found += [_missing(regime) for regime in Regime if not {f"regime {regime}", "regime"} & {*broken}
              and regime not in policy.regime]  # fmt: skip
    ranks = None if "grade" in broken else {e.level: rank for rank, e in enumerate(reversed(policy.grade))}
    known = None if "authority" in broken else set(codes)
    for regime, own in policy.regime.items():
        zh, en = places.regime(regime)
        found += [Problem(f"{zh}：{one.zh}", f"{en}: {one.en}") for one in _regime(own, ranks, known)]
    return found


def _missing(regime: Regime) -> Problem:
    zh, en = places.regime(regime)
    return Problem(f"{zh} 缺失：各监管类别不共用矩阵", f"{en} is missing: regimes share no matrix")


def _grades(policy: GradingPolicy) -> Iterator[Problem]:
    told = tuple(entry.grade for entry in policy.grade)
    if told != tuple(RiskGrade):
        shown, wanted = ", ".join(told) or "none", ", ".join(RiskGrade)
        yield Problem(
            f"等级 {shown}：须为 {wanted}，各一次，由重到轻",
            f"grades {shown}: must be {wanted}, once each, the gravest first",
        )
    levels = Counter(entry.level for entry in policy.grade)
    yield from (
        Problem(f"矩阵级别 {level} 对应 {times} 个等级：须只对应一个",
                f"level {level} stands for {times} grades: must stand for one")
        for level, times in levels.items() if times > 1
    )  # fmt: skip
    for graver, milder in zip(policy.grade, policy.grade[1:], strict=False):
        yield from _order(f"{graver.grade}", f"{milder.grade}", (graver.colour, milder.colour),
                          (graver.percentile, milder.percentile))  # fmt: skip
    if policy.grade and policy.grade[-1].percentile != 0:
        last = policy.grade[-1]
        yield Problem(
            f"等级 {last.grade} 的 percentile 为 {last.percentile:g}：须为 0，使每个百分位都有等级",
            f"grade {last.grade} begins at percentile {last.percentile:g}: must begin at percentile 0, "
            "so that every rank has a grade",
        )


def _order(
    graver: str, milder: str, colours: tuple[Colour, Colour], percentiles: tuple[float, float]
) -> Iterator[Problem]:
    """Yield where of two neighbouring grades the milder one has the graver colour, or no lower percentile."""
    order = list(Colour)
    if order.index(colours[1]) < order.index(colours[0]):
        yield Problem(
            f"等级 {milder} 为 {colours[1]}，更重的 {graver} 为 {colours[0]}：较轻等级的颜色不得更重",
            f"grade {milder} is {colours[1]} and the graver {graver} {colours[0]}: "
            "a milder grade has no graver colour",
        )
    if percentiles[1] >= percentiles[0]:
        yield Problem(
            f"等级 {milder} 自百分位 {percentiles[1]:g} 起，更重的 {graver} 自 {percentiles[0]:g} 起："
            "百分位须逐级递减",
            f"grade {milder} begins at percentile {percentiles[1]:g}, the graver {graver} "
            f"at {percentiles[0]:g}: percentiles must fall from grade to grade",
        )


def _hazards(policy: GradingPolicy) -> Iterator[Problem]:
    told = Counter(entry.hazard for entry in policy.hazard)
    yield from (
        Problem(
            f"危害 {name} 缺失：每种危害须有一个 [[hazard]]",
            f"hazard {name} is missing: each needs a [[hazard]]",
        )
        for name in HAZARDS
        if name not in told
    )
    for name, times in told.items():
        if name not in HAZARDS:
            known = ", ".join(HAZARDS)
            yield Problem(f"危害 {name} 未知；可用 {known}", f"hazard {name} is unknown; known are {known}")
        elif times > 1:
            yield Problem(
                f"危害 {name} 出现 {times} 次：须只有一次",
                f"hazard {name} stands {times} times: must stand once",
            )
    for entry in policy.hazard:
        codes = Counter(code for goods in entry.goods for code in goods.hs)
        for code in (code for code, times in codes.items() if times > 1):
            yield Problem(
                f"危害 {entry.hazard}：商品 {code} 不止一次：须只有一次",
                f"hazard {entry.hazard}: goods {code} stand more than once: must stand once",
            )


def _injuries(policy: GradingPolicy) -> Iterator[Problem]:
    windows = [days for days in INJURIES.windows if days is not None]
    for rule in policy.injury:
        if rule.entity not in INJURIES.entities:
            known = ", ".join(INJURIES.entities)
            yield Problem(
                f"受伤规则：舆情不按 {rule.entity!r} 计数，仅按 {known}",
                f"injury: opinions are not counted by {rule.entity!r}, only by {known}",
            )
        if rule.days not in windows:
            known = ", ".join(map(str, windows))
            yield Problem(
                f"受伤规则 {rule.entity}：days 为 {rule.days}，须为 {known} 之一",
                f"injury by {rule.entity}: days {rule.days} must be one of {known}",
            )


def _regime(own: RegimePolicy, ranks: _Ranks | None, authorities: set[str] | None) -> Iterator[Problem]:
    falls = all(high > low for high, low in zip(own.over, own.over[1:], strict=False))
    if not own.over or not falls or own.over[-1] != 0 or own.over[0] >= 1:
        shown = ", ".join(f"{bound:g}" for bound in own.over) or "none"
        yield Problem(
            f"over 的界值 {shown}：须从小于 1 严格递减至 0",
            f"bounds {shown}: must fall strictly from below 1 to 0",
        )
    elif ranks is not None:
        broken = [*_incomplete(own, ranks)]
        yield from broken or _not_monotone(own, ranks)
    yield from _competence(own, authorities)


def _competence(own: RegimePolicy, authorities: set[str] | None) -> Iterator[Problem]:
    for grade in RiskGrade:
        if not own.competence.get(grade):
            yield Problem(f"{grade} 级的主管部门缺失", f"competence of grade {grade} is missing")
    for name, codes in own.competence.items():
        if name not in set(RiskGrade):
            yield Problem(
                f"主管部门所属等级 {name!r} 不存在", f"competence of {name!r}: there is no such grade"
            )
        for code in _not_in(codes, authorities):
            known = ", ".join(sorted(authorities or ()))
            yield Problem(
                f"{name} 级的主管部门 {code!r} 未知；可用 {known}",
                f"competence of grade {name}: authority {code!r} is unknown; known are {known}",
            )


def _not_in(codes: Iterable[str], known: set[str] | None) -> list[str]:
    return [] if known is None else [code for code in codes if code not in known]


def _incomplete(own: RegimePolicy, ranks: _Ranks) -> Iterator[Problem]:
    for name in own.matrix:
        if name not in ROWS:
            yield Problem(
                f"严重程度 {name!r} 未知；可用 1 至 4", f"severity {name!r} is unknown; known are 1 to 4"
            )
    levels = ", ".join(ranks)
    for severity in ROWS:
        row = own.matrix.get(severity, ())
        for at in range(len(own.over)):
            zh, en = places.cell(own.over, severity, at)
            if at >= len(row):
                yield Problem(f"{zh}缺失", f"{en} is missing")
            elif row[at] not in ranks:
                yield Problem(
                    f"{zh}为 {row[at]!r}，没有等级与之对应；可用 {levels}",
                    f"{en} says {row[at]!r}, which no grade stands for; known are {levels}",
                )
        if len(row) > len(own.over):
            yield Problem(
                f"严重程度 {severity} 有 {len(row)} 个单元格，而概率区间有 {len(own.over)} 个",
                f"severity {severity} has {len(row)} cells for {len(own.over)} bands of probability",
            )


def _not_monotone(own: RegimePolicy, ranks: _Ranks) -> Iterator[Problem]:
    """Yield each pair of neighbours of which the likelier or graver one has the milder level."""
    for place, severity in enumerate(ROWS):
        row = own.matrix[severity]
        for at in range(len(own.over)):
            here = places.cell(own.over, severity, at)
            if at and ranks[row[at]] > ranks[row[at - 1]]:
                likelier = places.cell(own.over, severity, at - 1)
                yield Problem(
                    f"{here.zh}为 {row[at]}，而更可能的{likelier.zh}仅为 {row[at - 1]}：更可能者不得更轻",
                    f"{here.en} says {row[at]}, but the likelier {likelier.en} only {row[at - 1]}: "
                    "what is likelier must not be milder",
                )
            below = own.matrix[ROWS[place - 1]][at] if place else row[at]
            if ranks[row[at]] < ranks[below]:
                lighter = places.cell(own.over, ROWS[place - 1], at)
                yield Problem(
                    f"{here.zh}为 {row[at]}，而较不严重的{lighter.zh}为 {below}：更严重者不得更轻",
                    f"{here.en} says {row[at]}, but the less severe {lighter.en} says {below}: "
                    "what is graver must not be milder",
                )
