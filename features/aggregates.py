"""Features over the history, declared as measure × entities × windows; names are generated and never lie.

`nonconformity_ratio_by_manufacturer_90d` is the measure, the entity and the window in days; `_all` is
everything known, and a measure without windows has no such ending.
"""

from __future__ import annotations

from collections.abc import Iterator

from features import measures
from features.complaint_aggregates import COMPLAINT_MEASURES
from features.entities import DECLARED, FOUND, INSPECTED
from features.entity_words import ENTITY_WORDS
from features.feature import Aggregate, Among, Counted, Feature, Show
from features.measure import Measure

WINDOWS = (30, 90, 365, None)


_BOTH_INSPECTED = measures.shared_entities(INSPECTED, DECLARED)
_BOTH_FOUND = measures.shared_entities(FOUND, DECLARED)

MEASURES: tuple[Measure, ...] = (
    Measure(
        "nonconformity_ratio", INSPECTED, INSPECTED.entities, WINDOWS, measures.nonconformity_ratio,
        ("{entity}{window}查验不合格率", "Nonconformity of {entity}, {window}"),
        ("{entity}{window}的查验不合格率（经平滑）是当时总体水平的 {value} 倍",
         "Inspections of {entity} {window} failed {value} times as often as all inspections then (smoothed)"),
    ),
    Measure(
        "random_nonconformity_ratio", INSPECTED, INSPECTED.entities, (365, None),
        measures.random_nonconformity_ratio,
        ("{entity}{window}随机布控不合格率", "Nonconformity of {entity} in random draws, {window}"),
        ("{entity}{window}在随机抽查中的不合格率（经平滑）是总体的 {value} 倍",
         "In random draws {window}, {entity} failed {value} times as often as all random draws (smoothed)"),
        among=Among.RANDOM,
    ),
    Measure(
        "targeted_nonconformity_ratio", INSPECTED, INSPECTED.entities, (365, None),
        measures.targeted_nonconformity_ratio,
        ("{entity}{window}非随机查验不合格率", "Nonconformity of {entity} in targeted inspections, {window}"),
        ("{entity}{window}在非随机查验中的不合格率（经平滑）是总体的 {value} 倍",
         "In targeted inspections {window}, {entity} failed {value} times as often as all (smoothed)"),
        among=Among.TARGETED,
    ),
    Measure(
        "recent_nonconformity_ratio", INSPECTED, INSPECTED.entities, (), measures.recent_nonconformity_ratio,
        ("{entity}近期查验不合格率", "Recent nonconformity of {entity}"),
        ("{entity}近期查验不合格率（越近权重越大）是总体的 {value} 倍",
         "Recent inspections of {entity} failed {value} times as often as all (the latest weigh most)"),
        reach=365,
    ),
    Measure(
        "laboratory_ratio", INSPECTED, INSPECTED.entities, (365,), measures.laboratory_ratio,
        ("{entity}{window}实验室检测占比", "Laboratory tests of {entity}, {window}"),
        ("{entity}{window}查验中送实验室检测的比例是总体的 {value} 倍",
         "Inspections of {entity} {window} went to the laboratory {value} times as often as all"),
    ),
    Measure(
        "inspection_ratio", INSPECTED, _BOTH_INSPECTED, (90, 365), measures.inspection_ratio,
        ("{entity}{window}查验率", "Inspection rate of {entity}, {window}"),
        ("{entity}{window}的查验率是总体的 {value} 倍",
         "Lines of {entity} {window} were inspected {value} times as often as all lines"),
    ),
    Measure(
        "days_since_inspection", INSPECTED, INSPECTED.entities, (), measures.days_since_inspection,
        ("距{entity}上次查验的天数", "Days since the last inspection of {entity}"),
        ("距{entity}上次查验有结果的天数：{value}",
         "Days since the last inspection result of {entity}: {value}"),
        Show.DAYS,
    ),
    Measure(
        "days_since_failure", INSPECTED, INSPECTED.entities, (), measures.days_since_failure,
        ("距{entity}上次不合格的天数", "Days since the last failure of {entity}"),
        ("距{entity}上次查验不合格的天数：{value}", "Days since {entity} last failed an inspection: {value}"),
        Show.DAYS, among=Among.FAILED,
    ),
    Measure(
        "seniority", DECLARED, DECLARED.entities, (), measures.seniority,
        ("{entity}申报资历", "Seniority of {entity}"),
        ("{entity}的申报历史覆盖最近一年（或全部记录）的 {value}",
         "{entity}: declared for {value} of the last year (or of all records)"),
        Show.PERCENT,
    ),
    Measure(
        "days_since_declared", DECLARED, DECLARED.entities, (), measures.days_since_declared,
        ("距{entity}上次申报的天数", "Days since the last declaration of {entity}"),
        ("距{entity}上次申报的天数：{value}", "Days since the last declared line of {entity}: {value}"),
        Show.DAYS,
    ),
    Measure(
        "declared_share", DECLARED, DECLARED.entities, (30, 90, 365), measures.declared_share,
        ("{entity}{window}申报占比", "Share of declared lines of {entity}, {window}"),
        ("{entity}{window}的申报占全部申报的 {value}",
         "Declared lines of {entity} {window}: {value} of all lines"),
        Show.SHARE,
    ),
    Measure(
        "activity_ratio", DECLARED, DECLARED.entities, (30, 90), measures.activity_ratio,
        ("{entity}{window}申报活跃度", "Activity of {entity}, {window}"),
        ("{entity}{window}的申报量相对其全年水平，是总体同期的 {value} 倍",
         "Declarations of {entity} {window}, against its own year, ran at {value} times the general pace"),
    ),
    Measure(
        "mean_value_ratio", DECLARED, DECLARED.entities, (365,), measures.mean_value_ratio,
        ("{entity}{window}平均货值", "Mean value of lines of {entity}, {window}"),
        ("{entity}{window}平均每项货值是总体的 {value} 倍",
         "The mean line of {entity} {window} was worth {value} times the mean of all lines"),
    ),
    Measure(
        "value_to_usual", DECLARED, DECLARED.entities, (365,), measures.value_to_usual,
        ("本项货值与{entity}{window}平均之比", "Value against the usual line of {entity}, {window}"),
        ("本项货值是{entity}{window}平均每项货值的 {value} 倍",
         "This line is worth {value} times the mean line of {entity} {window}"),
    ),
    Measure(
        "found_ratio", FOUND, _BOTH_FOUND, WINDOWS, measures.found_ratio,
        ("{entity}{window}外部通报不合格", "Findings elsewhere on {entity}, {window}"),
        ("{entity}{window}被市场抽检、境外通报等发现不合格的次数，按申报量折算为总体水平的 {value} 倍",
         "Market sampling and overseas notices {window} found {entity} at fault {value} times as often as "
         "its volume would suggest"),
    ),
    Measure(
        "found_severity", FOUND, FOUND.entities, (365,), measures.found_severity,
        ("{entity}{window}外部通报平均严重度", "Mean severity of findings elsewhere on {entity}, {window}"),
        ("{entity}{window}外部发现的不合格平均严重度为 {value}（1 至 4，0 表示没有）",
         "Findings elsewhere on {entity} {window} had a mean severity of {value} (1 to 4, 0 for none)"),
        Show.NUMBER,
    ),
    Measure(
        "days_since_found", FOUND, FOUND.entities, (), measures.days_since_found,
        ("距{entity}上次外部通报的天数", "Days since the last finding elsewhere on {entity}"),
        ("距{entity}上次被外部通报不合格的天数：{value}",
         "Days since the last finding elsewhere on {entity}: {value}"),
        Show.DAYS,
    ),
    *COMPLAINT_MEASURES,
)  # fmt: skip
"""Every measure of the catalogue, with the entities and windows it is generated for."""


def aggregate_features() -> Iterator[Feature]:
    """Yield a feature for every measure, entity and window; "all" is what the others are held against."""
    for measure in MEASURES:
        for entity in measure.entities:
            if entity != "all":
                for window in measure.windows or (None,):
                    yield _feature(measure, entity, window)


def _feature(measure: Measure, entity: str, window: int | None) -> Feature:
    words, ending = ENTITY_WORDS[entity], ""
    if measure.windows:
        ending = "_all" if window is None else f"_{window}d"
    windows = measure.tally.windows if measure.windows else (None,)
    cell = measure.entities.index(entity) * len(windows) + windows.index(window)
    label, sentence = (
        tuple(_fill(text[at], words.say[at], _window_words(window)[at]) for at in (0, 1))
        for text in (measure.label, measure.sentence)
    )
    return Feature(
        name=f"{measure.name}_by_{entity}{ending}",
        family=measure.family or words.family,
        label=(label[0], label[1]),
        sentence=(sentence[0], sentence[1]),
        source=Aggregate(measure.name, _counted(measure, entity, window), cell, measure.flat),
        show=measure.show,
    )


def _counted(measure: Measure, entity: str, window: int | None) -> Counted:
    reach = window if measure.windows else measure.reach
    return Counted(measure.tally.name, entity, reach, measure.among)


def _fill(text: str, entity: str, window: str) -> str:
    filled = text.format(entity=entity, window=window, value="{value}")
    return filled[:1].upper() + filled[1:]


def _window_words(window: int | None) -> tuple[str, str]:
    return ("有记录以来", "over all records") if window is None else (f"近{window}天", f"over {window} days")
