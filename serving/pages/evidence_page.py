"""A score's evidence as a printable page in Chinese or English."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html import escape
from importlib.resources import files

from features.instants import show_instant
from features.records import Declaration
from features.wording import Language
from models.explain import Explanation
from models.wording.codes import code_name
from serving.api.explained import (
    Counted,
    CountedRecord,
    ExplainedFamily,
    ExplainedFeature,
    OfficerExplanation,
)
from serving.pages.drawn import drawn
from serving.pages.words import WORDS
from serving.rank_words import rank_text
from serving.storage.scores import ScoreModel, StoredScore

_SHOWN = (
    "id", "happened_at", "direction", "hs_code", "goods_name", "goods_model", "brand", "origin", "departure",
    "office", "total_price", "currency", "quantity", "unit", "net_weight_kg", "consignee", "owner", "agent",
    "manufacturer", "overseas_party",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class EvidencePage:
    """What a page is written from: the score, how it is explained, and the hash of its evidence."""

    score: StoredScore
    model: ScoreModel
    line: Declaration | None
    found: Explanation
    explained: OfficerExplanation
    sha256: str
    language: Language
    _listed: set[tuple[int, ...]] = field(default_factory=set)
    """Lists of records that stand on the page already, by their sequences."""

    def html(self) -> str:
        """Write the page as one HTML text that needs nothing else."""
        style = (files("serving.pages") / "evidence.css").read_text(encoding="utf-8")
        body = "".join(self._body())
        language = "zh-CN" if self.language == "zh" else "en"
        title = escape(self._say("title").format(line=self.score.line_id))
        return (
            f'<!DOCTYPE html><html lang="{language}"><head><meta charset="utf-8"><title>{title}</title>'
            f'<meta name="viewport" content="width=device-width"><style>{style}</style></head>'
            f"<body>{body}</body></html>"
        )

    def _say(self, key: str) -> str:
        return WORDS[key][0 if self.language == "zh" else 1]

    def _body(self) -> Iterator[str]:
        head, *reasons = self.explained.text
        yield f"<h1>{escape(self._say('title').format(line=self.score.line_id))}</h1>"
        yield f'<p class="score">{escape(head)}</p>{self._rank()}'
        families = "".join(f"<li>{escape(family.text)}</li>" for family in self.explained.families)
        yield f'<ul class="families">{families}</ul>'
        yield from self._grade()
        listed = "".join(f"<li>{escape(reason)}</li>" for reason in reasons[:-1])
        yield f'<h2>{self._say("reasons")}</h2><ol>{listed}</ol><p class="note">{escape(reasons[-1])}</p>'
        yield f"<h2>{self._say('waterfall')}</h2>{drawn(self.found, self.language)}"
        yield f'<p class="note">{self._say("axis")}</p>'
        yield from self._line()
        yield f"<h2>{self._say('families')}</h2>"
        if self.explained.evidence_note:
            yield f'<p class="note">{escape(self.explained.evidence_note)}</p>'
        for family in self.explained.families:
            yield from self._family(family)
        yield from self._origin()

    def _rank(self) -> str:
        return f"<p>{escape(rank_text(self.score.percentile, self.score.regime, self.language))}</p>"

    def _grade(self) -> Iterator[str]:
        """Yield the policy step: grade, cell, event, hazards, competence and the policy's version."""
        grade = self.explained.grade
        if grade is None:
            return
        yield f'<h2>{self._say("grade")}</h2><p class="grade {grade.colour}">{escape(grade.text)}</p>'
        chances = [
            f"{one.name} {one.probability:.2%}（{one.given_nonconforming:.0%}）"
            if self.language == "zh"
            else f"{one.name} {one.probability:.2%} ({one.given_nonconforming:.0%})"
            for one in self.explained.hazards
        ]
        rows = {self._say("cell"): grade.cell.text}
        rows |= {} if grade.own is None else {self._say("own_cell"): grade.own.text}
        rows |= {} if grade.event is None else {self._say("event"): grade.event.text}
        rows |= {
            self._say("hazards"): "；".join(chances) if self.language == "zh" else "; ".join(chances),
            **({} if grade.hazard_text is None else {self._say("hazard_basis"): grade.hazard_text}),
            self._say("competence"): "、".join(authority.name for authority in grade.competence)
            if self.language == "zh"
            else ", ".join(authority.name for authority in grade.competence),
            self._say("grading_policy"): f"{grade.policy.version} {grade.policy.sha256}",
        }
        yield f'{_table(rows)}<p class="note">{escape(grade.note)}<br>{escape(grade.policy.provenance)}</p>'

    def _line(self) -> Iterator[str]:
        if self.line is None:
            return
        yield f"<h2>{self._say('line')}</h2>"
        told: dict[str, str] = {}
        for name in _SHOWN:
            value = getattr(self.line, name)
            if value is not None:
                told[self._say(name)] = self._declared(name, value)
        yield _table(told)

    def _declared(self, name: str, value: object) -> str:
        if name == "happened_at" and isinstance(value, int):
            return show_instant(value)[:16].replace("T", " ")
        shown = f"{value:,.10g}" if isinstance(value, float) else str(value)
        called = code_name(name, shown, self.language)
        if called is None:
            return shown
        return called if name == "direction" else f"{shown} {called}"

    def _family(self, family: ExplainedFamily) -> Iterator[str]:
        yield f"<h3>{escape(family.text)} <b>{family.log_odds:+.3f}</b></h3>"
        for feature in family.features:
            yield from self._feature(feature)

    def _feature(self, feature: ExplainedFeature) -> Iterator[str]:
        yield f'<p class="feature">{escape(feature.text)} <b>{feature.log_odds:+.3f}</b></p>'
        if feature.evidence is not None and feature.evidence.total:
            yield from self._evidence(feature.evidence)
        if feature.words is not None:
            yield f'<div class="evidence"><p>{escape(feature.words.text)}</p></div>'

    def _evidence(self, counted: Counted) -> Iterator[str]:
        newest = tuple(record.sequence for record in counted.records)
        listed = "".join(self._record(record) for record in counted.records)
        records = (
            f'<p class="note">{self._say("above")}</p>' if newest in self._listed else f"<ul>{listed}</ul>"
        )
        self._listed.add(newest)
        yield f'<div class="evidence"><p>{escape(counted.text)}</p>{records}</div>'

    def _record(self, record: CountedRecord) -> str:
        known = self._say("known").format(day=record.known_at[:10])
        marked = ' class="failed"' if record.failed else ""
        again = record.duplicate_of
        known += "" if again is None else " " + self._say("repeats").format(id=escape(again))
        return f'<li{marked}>{_marked(record)} <span class="known">{known}</span></li>'

    def _origin(self) -> Iterator[str]:
        yield f"<h2>{self._say('origin_of')}</h2>"
        yield _table(
            {
                self._say("score_id"): self.score.id,
                self._say("scored_at"): show_instant(self.score.scored_at),
                self._say("as_of"): show_instant(self.score.as_of),
                self._say("sequence"): f"{self.score.sequence:,}",
                self._say(
                    "model"
                ): f"{self.model.target} {self.model.version or ''} {self.model.fingerprint}",
                self._say("sha256"): self.sha256,
            }
        )
        command = f"customs-risk replay {self.score.id} --evidence-hash {self.sha256}"
        yield f'<p class="note">{self._say("verify")}<br><code>{command}</code></p>'


def _marked(record: CountedRecord) -> str:
    """Write a record, the words that carried an opinion's reading marked, each with what it says."""
    shown = escape(record.text)
    for quote in record.quotes:
        parts, at = [], quote.start
        for mark in quote.marks:
            if mark.start >= at:
                word = escape(quote.text[mark.start - quote.start : mark.end - quote.start])
                parts.append(escape(quote.text[at - quote.start : mark.start - quote.start]))
                parts.append(f'<mark class="{mark.kind}" title="{escape(mark.name)}">{word}</mark>')
                at = mark.end
        parts.append(escape(quote.text[at - quote.start :]))
        shown = shown.replace(escape(quote.text), "".join(parts), 1)
    return shown


def _table(rows: Mapping[str, str]) -> str:
    cells = "".join(
        f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in rows.items()
    )
    return f"<table>{cells}</table>"
