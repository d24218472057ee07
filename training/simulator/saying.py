"""Opinion records of the simulated port: texts from templates, and what is named, left out or misfiled."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa

from features.terms import Channel
from training.simulator.catalogue import DATA
from training.simulator.columns import coded, instants, numbered, numbers
from training.simulator.draws import Flags, Floats, Ints, chance, stream
from training.simulator.events import IRRELEVANT, NEGATED, PRAISE, Complaints, channel_of, duplicates
from training.simulator.inspecting import Setting

CHANNELS = [str(channel) for channel in Channel]
REVIEW, MEDIA, INJURY = CHANNELS.index("review"), CHANNELS.index("media"), CHANNELS.index("injury")
TYPES = ["投诉", "举报", "咨询", "评价", "报道", "伤害报告"]
TEMPLATE_GROUPS = 5


@cache
def _book(name: str) -> dict[str, Any]:
    with (DATA / name).open("rb") as file:
        return tomllib.load(file)


@dataclass(frozen=True, slots=True, eq=False)
class Said:
    """Opinions as drawn: the complaint behind each, its channel, hazard, template and text."""

    complaint: Complaints
    channel: Ints
    hazard: Ints
    template: list[str]
    text: list[str]
    heading: Ints
    injured: Ints
    repeats: Ints


def say(world: Setting, complaints: Complaints) -> Said:
    """Put every complaint into words; a share is filed twice, alike."""
    rng = stream(world.seed, "saying")
    again, later = duplicates(rng, world.params, complaints)
    channel = channel_of(rng, world.params, complaints)
    quiet = np.isin(complaints.sort, [IRRELEVANT, NEGATED]) & (channel >= MEDIA)
    channel = np.where(quiet, REVIEW, channel)
    hazard = _hazards(rng, world, complaints)
    injured = np.where((channel >= INJURY) | chance(rng, world.params.opinions.injured, len(channel)), 1, 0)
    injured = np.where(complaints.sort >= IRRELEVANT, 0, injured * rng.integers(1, 4, len(channel)))
    heading = _filed_heading(rng, world, complaints)
    drawn = rng.random((len(channel), 10))
    about = np.stack([channel, hazard, injured], axis=1).tolist()
    pairs = [_sentence(world, complaints, row, tuple(about[row]), drawn[row]) for row in range(len(about))]
    order = np.concatenate([np.arange(len(channel)), again])
    whole = complaints.take(order)
    whole.day[len(channel) :] += later
    whole.known[len(channel) :] += later
    return Said(
        complaint=whole,
        channel=np.where(
            np.arange(len(order)) < len(channel), channel[order], rng.integers(0, 4, len(order))
        ),
        hazard=hazard[order],
        template=[pairs[row][0] for row in order],
        text=[pairs[row][1] for row in order],
        heading=heading[order],
        injured=injured[order],
        repeats=np.concatenate([np.full(len(channel), -1), again]),
    )


def _hazards(rng: np.random.Generator, world: Setting, complaints: Complaints) -> Ints:
    """What is wrong according to the text: the line's true hazard, or one like its heading's."""
    running = np.cumsum(world.catalogue.headings.hazards, axis=1)[world.traffic.heading[complaints.line]]
    alike = (rng.random((len(running), 1)) > running).sum(axis=1).clip(0, running.shape[1] - 1)
    return np.where(complaints.sort == 0, world.risk.hazard[complaints.line], alike)


def _filed_heading(rng: np.random.Generator, world: Setting, complaints: Complaints) -> Ints:
    """The heading under which an opinion is filed: a few are misfiled."""
    true = world.traffic.heading[complaints.line]
    other = rng.integers(0, len(world.catalogue.headings.hs4), len(true))
    return np.where(chance(rng, world.params.opinions.misfiled, len(true)), other, true)


def _any(options: list[str], drawn: float) -> str:
    return options[int(drawn * len(options))]


def _sentence(
    world: Setting, complaints: Complaints, row: int, about: tuple[int, ...], drawn: Floats
) -> tuple[str, str]:  # fmt: skip
    """One text and its template's id."""
    channel, hazard, injured = about
    plain, line = _book("plain_texts.toml"), int(complaints.line[row])
    name, options = _templates(world, int(complaints.sort[row]), hazard)
    number = int(drawn[0] * len(options))
    product = _any(world.catalogue.headings.words[world.traffic.heading[line]], drawn[1])
    lane, makers = world.traffic.lane[line], world.parties.makers
    maker = world.lanes.maker[lane]
    if complaints.names_brand[row]:
        product = _any(plain["brand"], drawn[2]).format(b=makers.brand[maker]) + product
    body = options[number].format(p=product, n=f"{int(drawn[3] * 9) + 1}个月")
    if complaints.names_maker[row]:
        body += "," + _any(plain["maker"], drawn[4]).format(m=makers.name[maker])
    if complaints.names_trader[row]:
        body += "," + _any(plain["trader"], drawn[5]).format(
            c=world.parties.traders.name[world.traffic.code[line]]
        )
    if injured:
        body += "," + _any(plain["injured"], drawn[6]).format(i=injured)
    opening, ending = plain["opening"][CHANNELS[channel]], plain["ending"][CHANNELS[channel]]
    closing = "。" if complaints.sort[row] in (PRAISE, NEGATED) else _any(ending, drawn[8])
    return f"{name}.{number}", _any(opening, drawn[7]) + body + closing


def _templates(world: Setting, sort: int, hazard: int) -> tuple[str, list[str]]:
    plain, texts = _book("plain_texts.toml"), _book("hazard_texts.toml")
    key = world.catalogue.hazards[hazard]["hazard"]
    if sort == IRRELEVANT:
        return "irrelevant", plain["irrelevant"]
    if sort == PRAISE:
        return "praise", plain["praise"]
    if sort == NEGATED:
        return f"negated.{key}", texts["negated"][key]
    return key, texts["real"][key]


def opinion_table(world: Setting, said: Said) -> Any:
    """Return opinions, in the order they were said; the writer puts them in the order they became known."""
    rng, c, traffic = stream(world.seed, "opinions"), said.complaint, world.traffic
    count, lane = len(c.line), traffic.lane[c.line]
    makers, hazards = world.parties.makers, world.catalogue.hazards
    first = np.searchsorted(world.catalogue.heading, said.heading)
    right = said.heading == traffic.heading[c.line]
    commodity = np.where(right, traffic.commodity[c.line], first)
    severe = np.array([int(row["severity_low"]) for row in hazards])[said.hazard]
    stated = (c.sort < IRRELEVANT) & ((said.channel >= INJURY) | (rng.random(count) < 0.15))
    people = [f"{number:016x}" for number in rng.integers(0, 2**62, count)]
    person = np.where(said.repeats >= 0, said.repeats, np.arange(count))
    types = np.array([0, 1, 2, 0, 3, 4, 5, 5])[said.channel]
    types = np.where(c.sort == NEGATED, 3, np.where(c.sort == IRRELEVANT, 2, types))
    words = [names[0] for names in world.catalogue.headings.words]
    known = instants(traffic.begin, c.known)
    regions = ["310000", "440300", "330200", "370200", "120000", "110000", "320500", "510100"]
    return pa.table(
        {
            "id": numbered("O", np.arange(count), 7),
            "happened_at": numbers(instants(traffic.begin, c.day)),
            "channel": coded(CHANNELS, said.channel),
            "text": pa.array(said.text, type=pa.string()),
            "direction": coded(["import"], np.zeros(count, dtype=np.int64)),
            "type": coded(TYPES, types),
            "product_name": coded(words, said.heading, rng.random(count) < 0.6),
            "hs_code": coded(world.catalogue.hs_codes, commodity, c.names_code | ~right),
            "origin": coded(world.catalogue.countries, world.lanes.country[lane], rng.random(count) < 0.25),
            "brand": coded(makers.brand, world.lanes.maker[lane], c.names_brand),
            "manufacturer": coded(makers.name, world.lanes.maker[lane], c.names_maker),
            "consignee": coded(world.parties.traders.code, traffic.code[c.line], c.names_trader),
            "complainant": coded(people, person),
            "amount_cny": numbers(np.round(np.exp(rng.normal(5.3, 1.1, count)), 2), rng.random(count) < 0.3),
            "severity": numbers(severe, stated),
            "injured": numbers(said.injured, said.injured > 0),
            "praise": numbers(c.sort == PRAISE, c.sort == PRAISE),
            "region": coded(regions, rng.integers(0, len(regions), count), rng.random(count) < 0.7),
            "known_at": numbers(known),
        }
    )


def truth_of_opinions(world: Setting, said: Said) -> Any:
    """Return what each opinion is really about, and from which template it was made."""
    sorts = ["real", "unfounded", "irrelevant", "negated", "praise"]
    c = said.complaint
    speaks = c.sort < IRRELEVANT
    count = len(c.line)
    filed = said.heading != world.traffic.heading[c.line]
    numbers_of = [int(template.rsplit(".", 1)[1]) % TEMPLATE_GROUPS for template in said.template]
    return pa.table(
        {
            "id": numbered("O", np.arange(count), 7),
            "sort": coded(sorts, c.sort).cast(pa.string()),
            "template": pa.array(said.template, type=pa.string()),
            "template_group": numbers(np.array(numbers_of, dtype=np.int64)),
            "hazard": coded([row["hazard"] for row in world.catalogue.hazards], said.hazard, speaks).cast(
                pa.string()
            ),
            "heading": coded(world.catalogue.headings.hs4, world.traffic.heading[c.line]).cast(pa.string()),
            "misfiled": numbers(filed),
            "leads": numbers(c.leads),
            "duplicate_of": numbered("O", np.maximum(said.repeats, 0), 7),
            "is_duplicate": numbers(said.repeats >= 0),
            "declaration_id": numbered("L", c.line, 9),
            "batch_id": numbers(world.traffic.batch[c.line]),
            "batch_bad": numbers(world.risk.batch_bad[c.line]),
        }
    )


def notice_texts(rng: np.random.Generator, world: Setting, line: Ints, abroad: Flags) -> list[str]:
    """Return the facts of findings elsewhere: English notices from abroad, one Chinese clause otherwise."""
    templates = _book("plain_texts.toml")["english"]["notice"]
    drawn, home = rng.random(len(line)), len(world.catalogue.countries) - 1
    result = []
    for row, (index, far) in enumerate(zip(line, abroad, strict=True)):
        hazard, lane = world.catalogue.hazards[world.risk.hazard[index]], world.traffic.lane[index]
        if not far:
            result.append(f"抽检或调查发现{hazard['zh']}项目不合格")
            continue
        origin = home if world.lanes.exports[lane] else int(world.lanes.country[lane])
        result.append(
            _any(templates, drawn[row]).format(
                product=world.catalogue.headings.english[world.traffic.heading[index]],
                brand=world.parties.makers.brand[world.lanes.maker[lane]],
                origin=world.catalogue.countries[origin],
                hazard=hazard["english"],
            )
        )
    return result
