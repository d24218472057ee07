"""The five records everything is made of: Party, Declaration, Inspection, Nonconformity, Opinion.

A record is what somebody told us, as they told it. It is immutable: new content under the same id is a new
revision, and the store says when each revision became known. Codes are text with their leading zeros, times
are instants (`features.instants`), and a missing value is None. Fields follow the single window's
declaration; `docs/vocabulary.md` has the Chinese terms.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, TypeAlias

import msgspec

from features.instants import Instant
from features.terms import (
    Channel,
    Depth,
    Direction,
    FindingCategory,
    FindingSource,
    Kind,
    LineStatus,
    Outcome,
    PartyEventKind,
    Role,
    Selection,
    Stage,
)

Code: TypeAlias = Annotated[str, msgspec.Meta(max_length=64)]
Name: TypeAlias = Annotated[str, msgspec.Meta(max_length=512)]
Text: TypeAlias = Annotated[str, msgspec.Meta(max_length=20_000)]
RecordId: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
Amount: TypeAlias = Annotated[float, msgspec.Meta(ge=0)]
Share: TypeAlias = Annotated[float, msgspec.Meta(ge=0, le=1)]
Severity: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=4)]


class Record(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, gc=False
):
    """What all records share: an id within their kind, and when the thing itself happened.

    No record can hold itself, so the garbage collector need not look (`gc=False`): reading is a third faster.
    """

    kind: ClassVar[Kind]
    id: RecordId
    happened_at: Instant


class PartyEvent(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, gc=False
):
    """A penalty, recall or reporting-duty event of a party."""

    kind: PartyEventKind
    happened_at: Instant
    note: Name | None = None


class Party(Record, frozen=True, kw_only=True):
    """An enterprise: its codes, roles, registration, credit level and what befell it.

    `id` is the code by which declarations name it (social credit code, customs code, or a source's own).
    `happened_at` is when the facts held; `credit_level` is the level's Chinese name in `credit_scheme`.
    """

    kind: ClassVar[Kind] = Kind.PARTY
    name: Name | None = None
    roles: tuple[Role, ...] = ()
    uscc: Code | None = None
    customs_code: Code | None = None
    country: Code | None = None
    registered_at: Instant | None = None
    credit_scheme: Code | None = None
    credit_level: Code | None = None
    credit_valid_from: Instant | None = None
    credit_valid_to: Instant | None = None
    events: tuple[PartyEvent, ...] = ()


class Declaration(Record, frozen=True, kw_only=True):
    """One line of a customs declaration; `happened_at` is the moment it was declared.

    Countries are ISO alpha-2. `terms` is the single window's transMode (1 CIF, 2 C&F, 3 FOB, 7 EXW).
    `total_price` is in `currency`; `value_cny` is set only where the source states it, otherwise
    `features.values` computes it. `quantity` is in the first legal `unit` of the tariff.
    """

    kind: ClassVar[Kind] = Kind.DECLARATION
    direction: Direction
    hs_code: Code
    entry_id: Code | None = None
    item_no: int | None = None
    stage: Stage = Stage.COMPLETE
    status: LineStatus = LineStatus.DECLARED
    ciq_code: Code | None = None
    goods_name: Name | None = None
    goods_model: Text | None = None
    brand: Name | None = None
    origin: Code | None = None
    departure: Code | None = None
    destination: Code | None = None
    trading_country: Code | None = None
    office: Code | None = None
    port_office: Code | None = None
    district: Code | None = None
    transport_mode: Code | None = None
    supervision_mode: Code | None = None
    levy_nature: Code | None = None
    process_type: Code | None = None
    purpose: Code | None = None
    payment_type: Code | None = None
    preference: Code | None = None
    origin_indicator: Code | None = None
    duty_rate: Amount | None = None
    terms: Code | None = None
    currency: Code | None = None
    total_price: Amount | None = None
    freight_cny: Amount | None = None
    insurance_cny: Amount | None = None
    value_cny: Amount | None = None
    quantity: Amount | None = None
    unit: Code | None = None
    gross_weight_kg: Amount | None = None
    net_weight_kg: Amount | None = None
    packages: int | None = None
    consignee: Code | None = None
    owner: Code | None = None
    agent: Code | None = None
    manufacturer: Name | None = None
    overseas_party: Name | None = None
    batch: Code | None = None
    produced_at: Instant | None = None
    shelf_life_days: int | None = None
    un_number: Code | None = None
    dangerous: bool | None = None
    statutory_inspection: bool | None = None


class Inspection(Record, frozen=True, kw_only=True):
    """One inspection of a declaration line; `happened_at` is when the goods or papers were looked at.

    `selection_probability` is the plan's chance of drawing this line, where the plan recorded one.
    """

    kind: ClassVar[Kind] = Kind.INSPECTION
    declaration_id: RecordId
    depth: Depth = Depth.ON_SITE
    outcome: Outcome = Outcome.PENDING
    selected_by: Selection = Selection.OFFICER
    selection_probability: Share | None = None
    items_tested: tuple[Name, ...] = ()
    laboratory: Code | None = None
    third_party_accepted: bool = False


class Nonconformity(Record, frozen=True, kw_only=True):
    """What was found wrong, at the port or elsewhere; `happened_at` is when it was found.

    One that concerns a declared line names it in `declaration_id` (and its inspection in `inspection_id`);
    any other carries the goods and parties itself.
    """

    kind: ClassVar[Kind] = Kind.NONCONFORMITY
    source: FindingSource
    category: FindingCategory | None = None
    severity: Severity | None = None
    hazard: Code | None = None
    declaration_id: RecordId | None = None
    inspection_id: RecordId | None = None
    direction: Direction | None = None
    hs_code: Code | None = None
    product_name: Name | None = None
    product_category: Name | None = None
    origin: Code | None = None
    brand: Name | None = None
    manufacturer: Name | None = None
    consignee: Code | None = None
    batch: Code | None = None
    item: Name | None = None
    limit: Name | None = None
    measured: Name | None = None
    fact: Text | None = None
    disposal: Name | None = None
    notifying_country: Code | None = None
    laboratory: Code | None = None
    published_at: Instant | None = None


class Opinion(Record, frozen=True, kw_only=True):
    """What a citizen, a medium or an accident report said; `happened_at` is when it was said.

    `complainant` is a keyed hash, never a name; telephone, e-mail and identity numbers are masked in `text`
    before a record is made. `severity` and `injured` are what the source itself stated.
    """

    kind: ClassVar[Kind] = Kind.OPINION
    channel: Channel
    text: Text
    direction: Direction = Direction.IMPORT
    type: Name | None = None
    product_name: Name | None = None
    hs_code: Code | None = None
    origin: Code | None = None
    brand: Name | None = None
    manufacturer: Name | None = None
    consignee: Code | None = None
    batch: Code | None = None
    complainant: Code | None = None
    amount_cny: Amount | None = None
    severity: Severity | None = None
    injured: int | None = None
    praise: bool | None = None
    region: Code | None = None
    url: Text | None = None


AnyRecord: TypeAlias = Party | Declaration | Inspection | Nonconformity | Opinion
RECORD_TYPES: dict[Kind, type[Record]] = {
    kind.kind: kind for kind in (Party, Declaration, Inspection, Nonconformity, Opinion)
}
