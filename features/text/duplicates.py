"""Complaints that say the same: filed twice, or passed on from hotline to hotline.

A text's print is its MinHash; two texts are compared when a band of their prints is equal, so that looking
one up among millions asks for a few keys.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from xxhash import xxh3_64_hexdigest, xxh32_intdigest

LEAST = 0.7
"""Texts are alike from this estimated share of common runs on."""

_SIGNS = re.compile(r"[\W_]+")
_RUN = 3
_LEAST_SIGNS = 8
_PERMUTATIONS = 128
_SCHEME: Literal["affine32"] = "affine32"
_BANDS, _ROWS = 21, 6
"""Texts that share 0.7 of their runs have an equal band 93 times in 100; that share 0.8, 998 in 1,000."""


@dataclass(frozen=True, slots=True, eq=False)
class Print:
    """A text's MinHash: uint32 (128,), fixed permutations."""

    values: NDArray[np.uint32]

    def bands(self) -> list[str]:
        """Return the keys under which texts alike are found; each tells its place among the 21."""
        return [
            f"{band:x}{xxh3_64_hexdigest(self.values[band * _ROWS : (band + 1) * _ROWS].tobytes())}"
            for band in range(_BANDS)
        ]

    def share(self, other: Print) -> float:
        """Return the estimated share of runs of three signs that both texts have."""
        return float(np.mean(self.values == other.values))

    def to_bytes(self) -> bytes:
        """Return the print as 512 bytes."""
        return self.values.astype("<u4").tobytes()

    @classmethod
    def from_bytes(cls, stored: bytes) -> Print:
        """Read a print back."""
        return cls(np.frombuffer(stored, dtype="<u4").astype(np.uint32))


@dataclass(frozen=True, slots=True)
class Likeness:
    """An earlier text and how alike it is: the estimated share of runs of three signs that both have."""

    id: str
    share: float


def print_of(normal: str) -> Print | None:
    """Return the print of a normal text; None for fewer than eight signs: 质量不好 says too little."""
    signs = _SIGNS.sub("", normal)
    if len(signs) < _LEAST_SIGNS:
        return None
    runs = {signs[start : start + _RUN] for start in range(len(signs) - _RUN + 1)}
    from datasketch import MinHash

    hashed = MinHash(
        _PERMUTATIONS, hashfunc=xxh32_intdigest, permutations=_permutations(), scheme=_SCHEME
    )  # the permutations given, as drawing them takes longer than hashing a text
    hashed.update_batch([run.encode() for run in runs])
    return Print(hashed.hashvalues.astype(np.uint32))


@cache
def _permutations() -> Any:
    from datasketch import MinHash

    return MinHash(_PERMUTATIONS, seed=1, scheme=_SCHEME).permutations


def most_alike(sought: Print, others: dict[str, Print], least: float = LEAST) -> Likeness | None:
    """Return the most alike of other prints, the first given of several equal; None under `least`."""
    best: Likeness | None = None
    for identifier, other in others.items():
        share = sought.share(other)
        if share >= least and (best is None or share > best.share):
            best = Likeness(identifier, share)
    return best
