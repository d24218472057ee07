"""The shape of a grading policy: what an authority writes, as TOML."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import msgspec

from features.records import Severity
from features.regimes import Regime
from features.wording import Language
from models.scores import Colour, RiskGrade

Share: TypeAlias = Annotated[float, msgspec.Meta(ge=0, le=1)]


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Part of a policy; an entry that is unknown is a misspelling and refused."""


class Named(Entry, frozen=True, kw_only=True):
    """An entry with a name in Chinese and English."""

    zh: str
    en: str

    def name(self, language: Language) -> str:
        """Return the name in a language."""
        return self.zh if language == "zh" else self.en


class Grade(Named, frozen=True, kw_only=True):
    """A grade, the level of the matrix that it stands for, and what it is on the two other scales.

    A line that ranks at or above `percentile` within its regime, and below that of the graver grade, is what
    this grade corresponds to where only a rank is known.
    """

    grade: RiskGrade
    level: str
    colour: Colour
    percentile: Annotated[float, msgspec.Meta(ge=0, lt=100)]


class Authority(Named, frozen=True, kw_only=True):
    """An authority that grades may be the business of."""

    code: str


class GoodsSeverity(Entry, frozen=True, kw_only=True):
    """Severity or harm of goods whose HS code begins like this; the longest beginning decides."""

    hs: tuple[Annotated[str, msgspec.Meta(pattern=r"^[0-9]{2,10}$")], ...]
    severity: Severity | None = None
    harm: Share | None = None


class Hazard(Entry, frozen=True, kw_only=True):
    """How severe a hazard's usual injury is (1 to 4), and the chance that goods with it come to do harm.

    `injures`: persons can be hurt by it, so that injuries in the records may raise its severity.
    """

    hazard: str
    severity: Severity
    harm: Share
    injures: bool = True
    goods: tuple[GoodsSeverity, ...] = ()


class InjuryRule(Entry, frozen=True, kw_only=True):
    """Raises severity where opinions on an entity tell of injuries.

    At least `persons` hurt within `days`, and per opinion `times` as many as in all opinions.
    """

    entity: str
    days: int
    persons: Annotated[int, msgspec.Meta(ge=1)]
    times: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    raised: Annotated[int, msgspec.Meta(ge=1, le=3)] = 1


class RegimePolicy(Entry, frozen=True, kw_only=True):
    """The matrix of one regime, and whose competence each grade is there: the first leads.

    `over` are the lower bounds of the bands of probability, exclusive, from the likeliest; a row of `matrix`
    has the level of each of these bands.
    """

    over: tuple[Share, ...]
    matrix: dict[str, tuple[str, ...]]
    competence: dict[str, tuple[str, ...]]


class GradingPolicy(Entry, frozen=True, kw_only=True):
    """A version of the grading policy; see `docs/grading.md`.

    `unranked` is the grade that stands for a line whose regime has too few lines to rank it among; without
    it there is none.
    """

    version: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    provenance_zh: str
    provenance_en: str
    grade: tuple[Grade, ...]
    authority: tuple[Authority, ...]
    regime: dict[Regime, RegimePolicy]
    hazard: tuple[Hazard, ...]
    injury: tuple[InjuryRule, ...] = ()
    unranked: RiskGrade | None = None

    def provenance(self, language: Language) -> str:
        """Say where the policy comes from, and what it does not claim."""
        return self.provenance_zh if language == "zh" else self.provenance_en

    def grade_of_rank(self, percentile: float) -> Grade:
        """Return the grade that a percentile within its regime corresponds to."""
        return next(entry for entry in self.grade if percentile >= entry.percentile)

    def by_rank(self, percentile: float | None) -> RiskGrade | None:
        """Return the grade by rank alone; None where the line has no rank and the policy states no grade."""
        return self.unranked if percentile is None else self.grade_of_rank(percentile).grade

    def competence(self, regime: Regime, grade: RiskGrade) -> tuple[Authority, ...]:
        """Return whose competence a grade is in a regime, the leading authority first."""
        known = {authority.code: authority for authority in self.authority}
        return tuple(known[code] for code in self.regime[regime].competence[grade])
