"""European food and feed notices (RASFF): their hazard categories as hazards of ours."""

from __future__ import annotations

import csv
from functools import cache

from features.text.normal import LEXICONS


@cache
def _categories() -> dict[str, str]:
    with (LEXICONS / "rasff.tsv").open(encoding="utf-8", newline="") as file:
        return {row["category"]: row["hazard"] for row in csv.DictReader(file, delimiter="\t")}


def notice_hazards(categories: str) -> list[str]:
    """Return the hazards of a notice's categories, as RASFF lists them between semicolons.

    Categories that say nothing of a hazard (n/a, insufficient controls, biotoxins) have none.
    """
    named = (_categories().get(category.strip().lower()) for category in categories.split(";"))
    return sorted({hazard for hazard in named if hazard})
