"""Small worlds in which everything collides: few traders, few goods, few instants, many changes of mind."""

from __future__ import annotations

from pathlib import Path
from tempfile import mkdtemp

from hypothesis import strategies as st

from features.history import History
from features.instants import DAY
from features.records import Declaration, Inspection, Nonconformity, Opinion, Party, PartyEvent
from features.store.database import Store
from features.store.entries import Entry
from features.store.errors import ErasedContent
from features.terms import (
    Channel,
    Depth,
    Direction,
    FindingSource,
    Kind,
    LineStatus,
    Outcome,
    PartyEventKind,
    Selection,
)

MEMORY = Path("/dev/shm")
"""Where files cost no disk writes, on Linux."""

START = 1_600_000_000_000_000
INSTANTS = st.integers(0, 6).map(lambda step: START + step * 20 * DAY)
"""Few instants, 20 days apart, so that records tie and windows of 30 and 90 days begin and end among them."""

DIRECTIONS = st.sampled_from(list(Direction))
NAMES = st.sampled_from([None, "a", "b"])
CODES = st.sampled_from(["0203110000", "0203290000", "8517110000", "02"])
COUNTRIES = st.sampled_from([None, "CN", "DE"])

DECLARATIONS = st.builds(
    Declaration,
    id=st.sampled_from(["d1", "d2", "d3"]),
    happened_at=st.just(START),
    direction=DIRECTIONS,
    hs_code=CODES,
    status=st.sampled_from(
        [LineStatus.DECLARED, LineStatus.DECLARED, LineStatus.RELEASED, LineStatus.CANCELLED]
    ),
    consignee=NAMES,
    owner=NAMES,
    agent=NAMES,
    manufacturer=NAMES,
    overseas_party=NAMES,
    brand=NAMES,
    origin=COUNTRIES,
    destination=COUNTRIES,
    departure=COUNTRIES,
    preference=st.sampled_from([None, "11"]),
    office=st.sampled_from([None, "0101", "2200"]),
    value_cny=st.sampled_from([None, 0.0, 12.345, 1e6, 1e300]),
    quantity=st.sampled_from([None, 0.0, 2.0]),
    unit=st.sampled_from([None, "035"]),
)
INSPECTIONS = st.builds(
    Inspection,
    id=st.sampled_from(["i1", "i2", "i3"]),
    happened_at=st.just(START),
    declaration_id=st.sampled_from(["d1", "d2", "d3"]),
    outcome=st.sampled_from(list(Outcome)),
    selected_by=st.sampled_from([Selection.RANDOM, Selection.OFFICER]),
    depth=st.sampled_from([Depth.ON_SITE, Depth.LABORATORY]),
)
FINDINGS = st.builds(
    Nonconformity,
    id=st.sampled_from(["n1", "n2"]),
    happened_at=st.just(START),
    source=st.just(FindingSource.MARKET_SAMPLING),
    severity=st.sampled_from([None, 1, 4]),
    declaration_id=st.sampled_from([None, None, "d1"]),
    direction=st.sampled_from([None, *Direction]),
    hs_code=st.one_of(st.none(), CODES),
    origin=COUNTRIES,
    consignee=NAMES,
    manufacturer=NAMES,
    brand=NAMES,
)
OPINIONS = st.builds(
    Opinion,
    id=st.sampled_from(["o1", "o2", "o3"]),
    happened_at=st.just(START),
    channel=st.sampled_from([Channel.HOTLINE_12345, Channel.REVIEW]),
    text=st.sampled_from(
        ["不好", "很好", "外壳漏电,孩子麻手,已经去医院", "外壳漏电,孩子麻手,已去医院", "检出沙门氏菌,发霉了"]
    ),
    complainant=st.sampled_from([None, "p1", "p2"]),
    direction=DIRECTIONS,
    hs_code=st.one_of(st.none(), CODES),
    origin=COUNTRIES,
    consignee=NAMES,
    manufacturer=NAMES,
    severity=st.sampled_from([None, 3]),
    injured=st.sampled_from([None, 2]),
    praise=st.sampled_from([None, False, True]),
)
PARTIES = st.builds(
    Party,
    id=st.sampled_from(["a", "b"]),
    happened_at=st.just(START),
    credit_level=st.sampled_from([None, "失信企业", "高级认证企业"]),
    registered_at=st.sampled_from([None, START - 400 * DAY]),
    events=st.sampled_from([(), (PartyEvent(kind=PartyEventKind.PENALTY, happened_at=START),)]),
)
RECORDS = st.one_of(DECLARATIONS, DECLARATIONS, INSPECTIONS, INSPECTIONS, FINDINGS, OPINIONS, PARTIES)
KEYS = st.sampled_from(
    [
        *((Kind.DECLARATION, f"d{n}") for n in (1, 2, 3)),
        *((Kind.INSPECTION, f"i{n}") for n in (1, 2, 3)),
        (Kind.NONCONFORMITY, "n1"),
        (Kind.OPINION, "o1"),
        (Kind.PARTY, "a"),
    ]
)


class World:
    """A store of its own, whose clock stands until it is moved on."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or Path(mkdtemp(prefix="history-", dir=MEMORY if MEMORY.exists() else None))
        self.time = START + 200 * DAY
        self.store = Store.open(f"sqlite:///{self.folder}/records.db", clock=lambda: self.time)
        self.store.migrate()

    def put(self, *records, known_at=None):
        """Store records, as imports where `known_at` is given; what was erased is not taken again."""
        entries = [Entry(record=record, known_at=known_at) for record in records]
        while entries:
            try:
                return self.store.append(entries, imported=known_at is not None)
            except ErasedContent as error:
                del entries[error.position]
        return []

    def remove(self, kind, id, *, redact=False, known_at=None):
        """Withdraw or redact a record if there is one."""
        if self.store.revisions(kind, [id]):
            entry = (Entry.redact if redact else Entry.withdraw)(kind, id, known_at)
            self.store.append([entry], imported=known_at is not None)

    def revisions(self):
        """All revisions in order."""
        return [revision for chunk in self.store.changes() for revision in chunk]

    def readings(self):
        """What was understood of every revision of an opinion, by sequence."""
        return self.store.readings.of(one.sequence for one in self.revisions() if one.kind == Kind.OPINION)

    def build(self, until=None):
        """A history counted from the first revision."""
        return History.build(self.store, until)
