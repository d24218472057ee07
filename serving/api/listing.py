"""Lists of stored scores: in pages from the newest back, or followed on in the order of their commits."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from features.regimes import Regime
from features.terms import Direction
from models.scores import RiskGrade
from models.spec import Target
from serving import words
from serving.api import schemas
from serving.api.instants import asked_instant
from serving.errors import BeyondLast, InvalidRequest
from serving.services import Services
from serving.storage.positions import last_position
from serving.storage.scores import ScoreFilter, follow_scores, list_scores

_TEXT = r"^[^\x00]*$"


class Wanted(BaseModel):
    """Filters of the list of scores; each narrows it."""

    model_config = ConfigDict(extra="forbid")

    line_id: str | None = Field(None, min_length=1, max_length=128, pattern=_TEXT)
    target: Target | None = None
    direction: Direction | None = None
    regime: Regime | None = None
    hs_code: str | None = Field(None, pattern=r"^[0-9]{2,10}$", description="An HS code or its beginning")
    model: str | None = Field(None, pattern=r"^[0-9a-f]{64}$", description="Fingerprint of a model")
    what_if: bool | None = Field(
        None, description="Both kinds unless given; with `after`, false unless given"
    )
    grade: RiskGrade | None = Field(None, description="A grade of the grading policy, I the gravest")
    since: str | None = Field(None, max_length=64, description="Scored at or after, ISO 8601")
    until: str | None = Field(None, max_length=64, description="Scored before, ISO 8601")
    min_probability: float | None = Field(None, ge=0, le=1)
    limit: int = Field(100, ge=1, le=1000)
    cursor: str | None = Field(None, pattern=r"^[0-9a-f]{32}$", description="`next` of the page before")
    after: int | None = Field(
        None,
        ge=0,
        lt=2**63,
        description="Follow, oldest first, what was committed after: 0, then `next` of each answer",
    )

    def to_filter(self) -> ScoreFilter:
        """Return what to ask of the store; raises UnclearInstant, InvalidRequest."""
        since, until = (
            None if text is None else asked_instant(name, text)
            for name, text in (("since", self.since), ("until", self.until))
        )
        if since is not None and until is not None and since >= until:
            raise InvalidRequest(
                f"since {self.since} is not before until {self.until}: no score can match",
                f"since {self.since} 不早于 until {self.until}：不可能有匹配的评分",
                field="since",
            )
        following = self.after is not None and self.what_if is None
        return ScoreFilter(
            line_id=self.line_id,
            target=self.target,
            direction=self.direction,
            regime=self.regime,
            hs_prefix=self.hs_code,
            fingerprint=self.model,
            what_if=False if following else self.what_if,
            grade=self.grade,
            since=since,
            until=until,
            min_probability=self.min_probability,
            before=self.cursor,
        )


def page_of(services: Services, wanted: Wanted) -> schemas.ScorePage:
    """Return one page of the scores wanted; raises InvalidRequest, BeyondLast and UnclearInstant."""
    if wanted.after is not None:
        return _followed(services, wanted, wanted.after)
    found = list_scores(services.store.engine, wanted.to_filter(), wanted.limit)
    following = found[-1].id if len(found) == wanted.limit else None
    return schemas.ScorePage(scores=[words.summary(score) for score in found], next=following)


def _followed(services: Services, wanted: Wanted, after: int) -> schemas.ScorePage:
    engine = services.store.engine
    if wanted.cursor is not None:
        raise InvalidRequest(
            "cursor goes back from the newest and after goes on from a position: send one of them",
            "cursor 由新到旧翻页，after 由某位置向后跟踪：只能使用其一",
            field="cursor",
        )
    last = last_position(engine)
    if after > last:
        raise BeyondLast(
            f"after {after} is beyond the last score, which stands at {last}",
            f"after {after} 超出最后一条评分的位置 {last}",
            field="after",
        )
    found, following = follow_scores(engine, wanted.to_filter(), after, wanted.limit)
    return schemas.ScorePage(scores=[words.summary(score) for score in found], next=str(following))
