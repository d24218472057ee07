"""The closed words of records in Chinese and English, as explanations show them."""

from __future__ import annotations

from enum import StrEnum

from features.terms import Channel, Depth, FindingCategory, FindingSource, Outcome, Selection
from features.wording import Language

WORDS: dict[StrEnum, tuple[str, str]] = {
    Depth.DOCUMENT: ("单证审核", "documents"),
    Depth.ON_SITE: ("现场查验", "on site"),
    Depth.LABORATORY: ("实验室检测", "laboratory"),
    Outcome.PENDING: ("待定", "pending"),
    Outcome.PASS: ("合格", "passed"),
    Outcome.RECTIFIED: ("不合格，技术整改", "failed, rectified"),
    Outcome.RETURNED: ("不合格，退运", "failed, returned"),
    Outcome.DESTROYED: ("不合格，销毁", "failed, destroyed"),
    Selection.RANDOM: ("随机抽查", "random draw"),
    Selection.TARGETING: ("风险布控", "targeted"),
    Selection.RULE: ("规则布控", "by rule"),
    Selection.STATUTORY: ("法定检验", "statutory"),
    Selection.ALERT: ("预警布控", "by alert"),
    Selection.COMPLAINT: ("投诉", "after a complaint"),
    Selection.OFFICER: ("关员经验", "officer's choice"),
    FindingSource.PORT: ("口岸", "port"),
    FindingSource.MARKET_SAMPLING: ("市场监督抽查", "market sampling"),
    FindingSource.RETURNED_EXPORT: ("出口退运", "returned export"),
    FindingSource.OVERSEAS_NOTICE: ("境外通报", "overseas notice"),
    FindingSource.LABORATORY_REPORT: ("检测机构报告", "laboratory report"),
    FindingSource.ENTERPRISE_REPORT: ("企业报告", "enterprise report"),
    FindingCategory.SAFETY: ("安全", "safety"),
    FindingCategory.HYGIENE: ("卫生", "hygiene"),
    FindingCategory.HEALTH: ("健康", "health"),
    FindingCategory.ENVIRONMENT: ("环境保护", "environment"),
    FindingCategory.FRAUD: ("欺诈", "fraud"),
    FindingCategory.LABEL: ("标签标识", "label"),
    Channel.HOTLINE_12345: ("12345 热线", "hotline 12345"),
    Channel.HOTLINE_12315: ("12315 热线", "hotline 12315"),
    Channel.HOTLINE_12360: ("12360 热线", "hotline 12360"),
    Channel.COMPLAINT: ("投诉", "complaint"),
    Channel.REVIEW: ("商品评价", "review"),
    Channel.MEDIA: ("媒体报道", "media"),
    Channel.INJURY: ("伤害报告", "injury report"),
    Channel.ACCIDENT: ("事故报告", "accident report"),
}
"""Every word of the vocabularies that a record may be shown with."""


def word(term: StrEnum, language: Language) -> str:
    """Say one term in words."""
    return WORDS[term][0 if language == "zh" else 1]
