"""What was understood of an opinion: what its source stated, and from its text what the source left out."""

from __future__ import annotations

import msgspec

Span = tuple[int, int]
"""A place [start, end) in the opinion's text as it is stored."""


class ToldHazard(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A hazard that the text names: probability, severity 1 to 4, and where the words stand that carry it."""

    hazard: str
    probability: float
    severity: int
    spans: tuple[Span, ...] = ()


class NamedParty(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A brand, manufacturer or consignee named at `span`; `value` is how declarations name it.

    Where several go by that name, each is mentioned, and none is taken for the one that is meant.
    """

    role: str
    value: str
    span: Span
    confidence: float


class Reading(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """An opinion as it counts.

    `complaint` is false for praise and for what denies every hazard. `severity` is 0 where nothing dangerous
    was told, else 1 to 4; `injury` is the same for who was hurt. `hs4`, `brand`, `manufacturer` and
    `consignee` are the source's where it stated them (`stated` lists those), else the text's; `goods` are the
    places of the goods names. `duplicate_of` is the first opinion that said the same, `first_time` whether
    its complainant was never heard before. `weight` is that of its source: policy times what such opinions
    led to, as known then.
    """

    complaint: bool = True
    hazards: tuple[ToldHazard, ...] = ()
    severity: int = 0
    injury: int = 0
    injured: int = 0
    injury_spans: tuple[Span, ...] = ()
    hs4: str | None = None
    confidence: float = 0.0
    goods: tuple[Span, ...] = ()
    brand: str | None = None
    manufacturer: str | None = None
    consignee: str | None = None
    parties: tuple[NamedParty, ...] = ()
    stated: tuple[str, ...] = ()
    duplicate_of: str | None = None
    likeness: float = 0.0
    first_time: bool = False
    weight: float = 1.0

    @property
    def counts_once(self) -> bool:
        """Whether it is a complaint that was not made before."""
        return self.complaint and self.duplicate_of is None


ENCODER = msgspec.json.Encoder()
DECODER = msgspec.json.Decoder(Reading)
