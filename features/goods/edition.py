"""One fit of the model of declared names, with the names that were known by then."""

from __future__ import annotations

import msgspec

from features.instants import Instant


class Edition(msgspec.Struct, frozen=True):
    """When it was fitted, its intercept, and the columns of its runs with their weights, in 1/4096 log-odds.

    `names` say how many more inspected lines than in the edition before had a goods name under a heading.
    """

    fitted_at: Instant
    intercept: int
    columns: tuple[int, ...]
    weights: tuple[int, ...]
    names: tuple[tuple[str, str, int], ...] = ()
