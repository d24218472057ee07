"""Features of complaints as they were read: by heading, with origin, by brand, manufacturer, consignee."""

from __future__ import annotations

from features import complaint_measures as told
from features.entities import COMPLAINED, ENDANGERED
from features.feature import Family, Show
from features.measure import Measure

_ENTITIES, _WINDOWS = COMPLAINED.entities, COMPLAINED.windows

COMPLAINT_MEASURES: tuple[Measure, ...] = (
    Measure(
        "complaint_ratio", COMPLAINED, _ENTITIES, _WINDOWS, told.complaint_ratio,
        ("{entity}{window}投诉（去重）", "Complaints about {entity}, {window}"),
        ("{entity}{window}的投诉举报（重复者不计），按申报量折算为总体水平的 {value} 倍",
         "Complaints about {entity} {window}, repeats left out, came {value} times as often as its volume "
         "would suggest"),
        family=Family.OPINIONS,
    ),
    Measure(
        "hazard_ratio", COMPLAINED, _ENTITIES, _WINDOWS, told.hazard_ratio,
        ("{entity}{window}涉及危害的投诉", "Complaints of a hazard about {entity}, {window}"),
        ("{entity}{window}提及危害或伤害的投诉，按申报量折算为总体水平的 {value} 倍",
         "Complaints about {entity} {window} that name a hazard or someone hurt came {value} times as often "
         "as its volume would suggest"),
        family=Family.OPINIONS,
    ),
    Measure(
        "hazard_lift", COMPLAINED, _ENTITIES, _WINDOWS, told.hazard_lift,
        ("{entity}{window}涉及危害的投诉（少量亦计）",
         "Complaints of a hazard about {entity}, {window}, even one or two"),
        ("{entity}{window}提及危害或伤害的投诉（一两件也计入），为按申报量预期的 {value} 倍",
         "Complaints about {entity} {window} that name a hazard or someone hurt, even one or two, came "
         "{value} times as often as its volume would suggest"),
        family=Family.OPINIONS,
    ),
    Measure(
        "told_severity_ratio", COMPLAINED, _ENTITIES, _WINDOWS, told.told_severity_ratio,
        ("{entity}{window}投诉所述严重度合计", "Severity told in complaints about {entity}, {window}"),
        ("{entity}{window}投诉所述危害的严重度合计，按申报量折算为总体水平的 {value} 倍",
         "The severity told in complaints about {entity} {window} sums to {value} times what its volume "
         "would suggest"),
        family=Family.OPINIONS,
    ),
    Measure(
        "told_injured_ratio", COMPLAINED, _ENTITIES, _WINDOWS, told.told_injured_ratio,
        ("{entity}{window}投诉所述受伤人数", "Persons hurt according to complaints about {entity}, {window}"),
        ("{entity}{window}的投诉所述受伤人数，按申报量折算为总体水平的 {value} 倍",
         "Persons hurt according to complaints about {entity} {window}: {value} times what its volume "
         "would suggest"),
        family=Family.OPINIONS,
    ),
    Measure(
        "newcomer_ratio", COMPLAINED, _ENTITIES, _WINDOWS, told.newcomer_ratio,
        ("{entity}{window}首次投诉人", "First-time complainants about {entity}, {window}"),
        ("{entity}{window}首次投诉的人数，按申报量折算为总体水平的 {value} 倍",
         "People who never complained before did so about {entity} {window} {value} times as often as its "
         "volume would suggest"),
        family=Family.OPINIONS,
    ),
    Measure(
        "complaint_weight_ratio", COMPLAINED, _ENTITIES, _WINDOWS, told.complaint_weight_ratio,
        ("{entity}{window}按来源加权的投诉", "Complaints about {entity} weighed by source, {window}"),
        ("{entity}{window}的投诉按来源可信度加权后，按申报量折算为总体水平的 {value} 倍",
         "Complaints about {entity} {window}, weighed by what their sources led to before, came {value} "
         "times as often as its volume would suggest"),
        family=Family.OPINIONS,
    ),
    Measure(
        "repeated_share", COMPLAINED, _ENTITIES, _WINDOWS, told.repeated_share,
        ("{entity}{window}重复投诉占比", "Share of repeated complaints about {entity}, {window}"),
        ("{entity}{window}的投诉中，{value} 为重复投诉",
         "Of the complaints about {entity} {window}, {value} repeat an earlier one"),
        Show.PERCENT, Family.OPINIONS,
    ),
    Measure(
        "complaint_burst", COMPLAINED, _ENTITIES, _WINDOWS, told.complaint_burst,
        ("{entity}{window}投诉突增", "Burst of complaints about {entity}, {window}"),
        ("{entity}{window}涉及危害的投诉突增程度：{value}（0 为正常，1 约为十分之一的偶然，2 约为百分之一）",
         "Complaints of a hazard about {entity} {window} surprise by {value} against the year before "
         "(0 usual, 1 one chance in ten, 2 one in a hundred)"),
        Show.NUMBER, Family.OPINIONS,
    ),
    Measure(
        "hazard_burst", ENDANGERED, ENDANGERED.entities, ENDANGERED.windows, told.hazard_burst,
        ("{entity}{window}单一危害投诉突增", "Burst of one hazard in complaints about {entity}, {window}"),
        ("{entity}{window}同一危害的投诉突增程度：{value}（0 为正常，1 约为十分之一的偶然，2 约为百分之一）",
         "Complaints of one and the same hazard about {entity} {window} surprise by {value} (0 usual, 1 one "
         "chance in ten, 2 one in a hundred)"),
        Show.NUMBER, Family.OPINIONS,
    ),
    Measure(
        "days_since_complaint", COMPLAINED, _ENTITIES, (), told.days_since_complaint,
        ("距{entity}上次投诉的天数", "Days since the last complaint about {entity}"),
        ("距{entity}上次投诉举报的天数：{value}", "Days since the last complaint about {entity}: {value}"),
        Show.DAYS, Family.OPINIONS, reach=365,
    ),
)  # fmt: skip
"""Every measure of complaints, with the entities and windows it is generated for."""
