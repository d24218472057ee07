"""What a redaction deletes is found by an index, however much was taken in."""

from __future__ import annotations

from pathlib import Path

import pytest

from features.store import forgetting
from features.store.database import Store


@pytest.mark.parametrize(
    ("statement", "values"),
    [
        (forgetting._NAMES, ("party", "P")),
        (forgetting._OUTCOMES, ("inspection", "I")),
        (forgetting._OUTCOMES_OF_LINE, ("D",)),
        (forgetting._COUNT_ONE_LESS, ("水壶", "8516", 1)),
        (forgetting._BORNE_BY_NONE, ("水壶", "8516")),
        *((statement, ("O",)) for statement in forgetting._OPINION),
    ],
)
def test_it_looks_through_no_whole_table(tmp_path: Path, statement: str, values: tuple[object, ...]) -> None:
    store = Store.open(f"sqlite:///{tmp_path / 'customs-risk.db'}")
    store.migrate()
    with store.reading() as connection:
        rows = connection.exec_driver_sql("EXPLAIN QUERY PLAN " + statement, values).all()
    scanned = {row[-1] for row in rows if row[-1].startswith("SCAN")}
    assert scanned <= {"SCAN opinion_progress"}  # a row for each version of the text code
    store.close()
