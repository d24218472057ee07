"""The closed vocabularies of the records: kinds, roles, outcomes, sources (Chinese: `docs/vocabulary.md`)."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """The kinds of record."""

    PARTY = "party"
    DECLARATION = "declaration"
    INSPECTION = "inspection"
    NONCONFORMITY = "nonconformity"
    OPINION = "opinion"


class Direction(StrEnum):
    """Import or export; never mixed in one count."""

    IMPORT = "import"
    EXPORT = "export"


class Role(StrEnum):
    """What a party is on a declaration."""

    CONSIGNEE = "consignee"
    OWNER = "owner"
    AGENT = "agent"
    MANUFACTURER = "manufacturer"
    OVERSEAS_PARTY = "overseas_party"


class PartyEventKind(StrEnum):
    """What befell a party."""

    PENALTY = "penalty"
    RECALL = "recall"
    DUTY_BREACH = "duty_breach"
    DUTY_FULFILLED = "duty_fulfilled"


class Stage(StrEnum):
    """Which of the two declarations of the two-step procedure this is."""

    SUMMARY = "summary"
    COMPLETE = "complete"


class LineStatus(StrEnum):
    """Where a declaration line is in its life."""

    DECLARED = "declared"
    AMENDED = "amended"
    RELEASED = "released"
    CANCELLED = "cancelled"


class Depth(StrEnum):
    """How deep an inspection went."""

    DOCUMENT = "document"
    ON_SITE = "on_site"
    LABORATORY = "laboratory"


class Outcome(StrEnum):
    """How an inspection ended."""

    PENDING = "pending"
    PASS = "pass"
    RECTIFIED = "rectified"
    RETURNED = "returned"
    DESTROYED = "destroyed"


class Selection(StrEnum):
    """Why a line was inspected."""

    RANDOM = "random"
    TARGETING = "targeting"
    RULE = "rule"
    STATUTORY = "statutory"
    ALERT = "alert"
    COMPLAINT = "complaint"
    OFFICER = "officer"


class FindingSource(StrEnum):
    """Where a nonconformity was found."""

    PORT = "port"
    MARKET_SAMPLING = "market_sampling"
    RETURNED_EXPORT = "returned_export"
    OVERSEAS_NOTICE = "overseas_notice"
    LABORATORY_REPORT = "laboratory_report"
    ENTERPRISE_REPORT = "enterprise_report"


class FindingCategory(StrEnum):
    """What a nonconformity endangers (GACC Order 188, article 3; label faults apart)."""

    SAFETY = "safety"
    HYGIENE = "hygiene"
    HEALTH = "health"
    ENVIRONMENT = "environment"
    FRAUD = "fraud"
    LABEL = "label"


class Channel(StrEnum):
    """Through which channel an opinion came."""

    HOTLINE_12345 = "12345"
    HOTLINE_12315 = "12315"
    HOTLINE_12360 = "12360"
    COMPLAINT = "complaint"
    REVIEW = "review"
    MEDIA = "media"
    INJURY = "injury"
    ACCIDENT = "accident"


FAILED_OUTCOMES = frozenset({Outcome.RECTIFIED, Outcome.RETURNED, Outcome.DESTROYED})
"""Outcomes that mean the goods did not conform."""
