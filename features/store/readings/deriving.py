"""Reads opinions in the transaction that stores them, each by what was known before it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import Connection

from features.opinions.linking import link
from features.opinions.policy import policy
from features.opinions.reading import ENCODER, Reading
from features.opinions.said import Said, as_written, said
from features.opinions.yields import about, period_of, weight_of
from features.records import Opinion
from features.store.append import Heard
from features.store.readings.alike import Earlier, EarlierOpinions
from features.store.readings.book import Book
from features.store.readings.progress import notice_late, read_progress
from features.store.readings.taking import pending
from features.store.statements import run_many
from features.store.tables import opinion_readings
from features.text import TEXT_VERSION

_COLUMNS = tuple(column.name for column in opinion_readings.columns)
_INSERT = f"INSERT INTO opinion_readings ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})"
_INSERT_BAND = "INSERT INTO opinion_bands (text_version, band, sequence) VALUES (?, ?, ?)"


class _Read(NamedTuple):
    heard: Heard
    said: Said
    bands: list[str]
    reading: Reading


def derive(connection: Connection, heard: Sequence[Heard], book: Book) -> None:
    """Read opinions and store what was understood; the caller holds the counter's lock.

    They are read in order of visibility, each by names, opinions and outcomes that were visible before it.
    """
    notice_late(connection, [one.visible_at for one in heard if one.late])
    read_all(connection, heard, pending(connection, book, read_progress(connection)))


def read_all(connection: Connection, heard: Sequence[Heard], known: Book) -> None:
    """Read opinions in order of visibility by a book, and store their readings."""
    ordered = sorted(heard, key=lambda one: (one.visible_at, one.sequence))
    texts = [said(one.opinion.text) for one in ordered]
    bands = [text.print.bands() if text.print else [] for text in texts]
    persons = {one.opinion.complainant for one in ordered if one.opinion.complainant}
    earlier = EarlierOpinions(connection, {band for some in bands for band in some}, persons)
    every = list(zip(ordered, texts, bands, strict=True))
    for begin, group in groupby(every, key=lambda one: period_of(one[0].visible_at)):
        yields = known.yields(connection, begin)
        _store(connection, [_read(*one, (known, earlier, yields)) for one in group])


def _read(
    heard: Heard, text: Said, bands: list[str], context: tuple[Book, EarlierOpinions, dict[str, float]]
) -> _Read:
    book, earlier, yields = context
    opinion, at = heard.opinion, heard.visible_at
    links = link(opinion, text, book.names, at)
    like = earlier.like(opinion.id, at, text.print, bands) if text.print else None
    person = opinion.complainant
    complaint = _is_complaint(opinion, text)
    reading = Reading(
        complaint=complaint,
        hazards=text.hazards,
        severity=_severity(opinion, text) if complaint else 0,
        injury=text.injury.severity,
        injured=text.injury.injured if opinion.injured is None else opinion.injured,
        injury_spans=_injury_spans(text),
        hs4=links.goods.hs4,
        confidence=links.goods.confidence,
        goods=links.goods.spans,
        **links.values,
        parties=links.parties,
        stated=links.stated,
        duplicate_of=None if like is None else like[0],
        likeness=0.0 if like is None else round(like[1].share, 4),
        first_time=person is not None and not earlier.spoke(opinion.id, at, person),
        weight=weight_of(opinion.channel, yields),
    )
    first = reading.duplicate_of or opinion.id
    earlier.add(Earlier(heard.sequence, opinion.id, at, None, first, text.print), bands, person)
    return _Read(heard, text, bands, reading)


def _is_complaint(opinion: Opinion, text: Said) -> bool:
    if opinion.praise is not None:
        return not opinion.praise
    return policy().source[opinion.channel].complaint if text.complaint is None else text.complaint


def _severity(opinion: Opinion, text: Said) -> int:
    if opinion.severity is not None:
        return opinion.severity
    return max((hazard.severity for hazard in text.hazards), default=text.injury.severity)


def _injury_spans(text: Said) -> tuple[tuple[int, int], ...]:
    return tuple(as_written(text.places, start, end) for start, end in text.injury.spans)


def _store(connection: Connection, read: Iterable[_Read]) -> None:
    rows: list[tuple[Any, ...]] = []
    bands: list[tuple[str, str, int]] = []
    for heard, text, keys, reading in read:
        opinion = heard.opinion
        print_ = None if text.print is None else text.print.to_bytes()
        rows.append(
            (
                heard.sequence,
                TEXT_VERSION,
                opinion.id,
                heard.visible_at,
                str(opinion.channel),
                reading.complaint,
                reading.duplicate_of,
                about(reading.hs4, reading.brand, reading.manufacturer),
                reading.hs4,
                opinion.complainant,
                print_,
                ENCODER.encode(reading).decode(),
            )
        )
        bands += [(TEXT_VERSION, band, heard.sequence) for band in keys]
    run_many(connection, _INSERT, rows)
    if bands:
        run_many(connection, _INSERT_BAND, bands)
