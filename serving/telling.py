"""A stored score as it may be told to the enterprise: its own shipments, and what to put right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from features.evidence import Witness
from features.feature import Among, Counted
from features.history import History
from features.lines import Lines
from features.records import Declaration, Inspection, Nonconformity
from features.store.database import Store
from features.store.reader import state_at
from features.terms import FindingCategory, Kind
from features.wording import Language
from models.enterprise import OwnShipment, corrective_steps, letter, shipment_text
from serving.api import explained
from serving.replay import scored_line
from serving.storage.scores import StoredScore

OWN_FAILURES = Counted("inspected", "consignee", 365, Among.FAILED)
"""What an enterprise is reminded of: inspections of its own lines that failed within a year."""


@dataclass(frozen=True, slots=True, eq=False)
class Teller:
    """Tells the consignee or consignor of a scored line; it never looks at the score's numbers."""

    store: Store
    history: History
    language: Language

    def tell(self, score: StoredScore) -> explained.EnterpriseExplanation:
        """Write the explanation for the enterprise; raises Redacted where the line was."""
        line = scored_line(self.store, score)
        shipments = list(self._own_failures(line, score))
        return explained.EnterpriseExplanation(
            line_id=line.id,
            entry_id=line.entry_id,
            text=letter((line.id, line.happened_at), shipments, self.language),
            shipments=[shipment_text(shipment, self.language) for shipment in shipments],
            steps=corrective_steps(shipments, self.language),
        )

    def _own_failures(self, line: Declaration, score: StoredScore) -> Iterator[OwnShipment]:
        """Yield the failed inspections of lines that the same enterprise declared, as known then."""
        if line.consignee is None:
            return
        witness = Witness(self.store, self.history, Lines.of([line]), score.as_of)
        records = [revision.record for revision in witness.evidence(OWN_FAILURES).records]
        found = [record for record in records if isinstance(record, Inspection)]
        own = self._own_lines(line.consignee, [one.declaration_id for one in found], score)
        for one in found:
            declared = own.get(one.declaration_id)
            if declared is not None:
                categories = self._categories(one, score)
                yield OwnShipment(declared.id, declared.happened_at, one.happened_at, one.outcome, categories)

    def _own_lines(self, enterprise: str, ids: Sequence[str], score: StoredScore) -> dict[str, Declaration]:
        """Return those of the lines that name the enterprise; hashes brought them, text decides."""
        known = self.store.revisions(Kind.DECLARATION, ids)
        standing = [state_at(revisions, score.as_of) for revisions in known.values()]
        lines = [one.record for one in standing if one is not None]
        return {
            line.id: line for line in lines if isinstance(line, Declaration) and line.consignee == enterprise
        }

    def _categories(self, inspection: Inspection, score: StoredScore) -> tuple[FindingCategory, ...]:
        linked = self.store.linked(Kind.NONCONFORMITY, [inspection.declaration_id])
        by_id: dict[str, list[Nonconformity]] = {}
        for revision in linked.get(inspection.declaration_id, []):
            if revision.visible_at < score.as_of:
                record = revision.record
                by_id[revision.id] = [record] if isinstance(record, Nonconformity) else []
        found = {
            record.category
            for records in by_id.values()
            for record in records
            if record.declaration_id == inspection.declaration_id
            and record.inspection_id in (None, inspection.id)
        }
        return tuple(category for category in FindingCategory if category in found)
