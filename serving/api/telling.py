"""Opinions on their way into the store: read before any lock is taken, answered with what was understood."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import msgspec
from sqlalchemy import Connection

from features.records import AnyRecord, Opinion
from features.store.database import Store
from features.store.entries import Receipt
from serving.api import schemas
from serving.api.language import Language
from serving.api.understood import Understood, Word, tokens_of, understood


@dataclass(frozen=True, slots=True)
class Told:
    """The opinions of a request and the words of each."""

    opinions: Sequence[Opinion]
    tokens: Sequence[list[Word]]

    @classmethod
    def of(cls, store: Store, records: Sequence[AnyRecord]) -> Self:
        """Read the texts of opinions among records, so that the transaction need not."""
        opinions = [record for record in records if isinstance(record, Opinion)]
        if opinions:
            store.readings.get_ready([opinion.text for opinion in opinions])
        return cls(opinions, [tokens_of(opinion) for opinion in opinions])

    def understood(
        self, connection: Connection, store: Store, receipts: Sequence[Receipt], language: Language
    ) -> list[Understood | None]:
        """Say what was understood of the opinions, just stored by the same transaction."""
        stored = list(zip(receipts, self.opinions, strict=True))
        return understood(connection, store.readings, stored, self.tokens, language)


def with_readings(
    receipts: Sequence[schemas.RecordReceipt], read: Sequence[Understood | None]
) -> list[schemas.OpinionReceipt]:
    """Put beside each receipt what was understood."""
    return [
        schemas.OpinionReceipt(**msgspec.structs.asdict(receipt), understood=found)
        for receipt, found in zip(receipts, read, strict=True)
    ]
