"""Complaints that say the same: filed twice, or passed on from hotline to hotline."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from features.text.normal import normalise
from features.text.tokens import LONGEST

_SIGNS = re.compile(r"[\W_]+")
_RUN = 3
_PERMUTATIONS = 128


@dataclass(frozen=True, slots=True)
class Likeness:
    """An earlier text and how alike it is: the estimated share of runs of three signs that both have."""

    id: str
    share: float


@dataclass(slots=True)
class DuplicateIndex:
    """Texts seen so far by MinHash (128 permutations, fixed seed); not for use from several threads."""

    least: float = 0.7
    _index: Any = field(init=False)
    _hashes: dict[str, Any] = field(init=False, default_factory=dict)
    _first: dict[str, str] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        from datasketch import MinHashLSH

        self._index = MinHashLSH(threshold=self.least, num_perm=_PERMUTATIONS)

    def add(self, identifier: str, text: str) -> Likeness | None:
        """Remember a text and return the earlier one most like it, if any is alike enough.

        Texts of fewer than eight signs are never duplicates: 质量不好 says too little. The same identifier
        again replaces nothing and answers what it answered, against what was seen by now.
        """
        runs = _runs(text)
        hashed = _minhash(runs)
        alike = [key for key in self._index.query(hashed) if key != identifier]
        order = {key: place for place, key in enumerate(self._hashes)}
        shares = [(hashed.jaccard(self._hashes[key]), -order[key], key) for key in alike]
        share, _, best = max(shares, default=(0.0, 0, ""))
        found = Likeness(best, float(share)) if share >= self.least else None
        if identifier not in self._hashes and len(runs) > 8 - _RUN:
            self._index.insert(identifier, hashed)
            self._hashes[identifier] = hashed
            self._first[identifier] = self._first[found.id] if found else identifier
        return found if len(runs) > 8 - _RUN else None

    def cluster(self, identifier: str) -> str:
        """Return the first text of the cluster that a remembered text belongs to; its own id if none."""
        return self._first.get(identifier, identifier)


def _runs(text: str) -> set[str]:
    signs = _SIGNS.sub("", normalise(text[:LONGEST])[0])
    return {signs[start : start + _RUN] for start in range(max(len(signs) - _RUN + 1, 0))}


def _minhash(runs: set[str]) -> Any:
    from datasketch import MinHash

    hashed = MinHash(num_perm=_PERMUTATIONS, seed=1)
    hashed.update_batch([run.encode() for run in sorted(runs)])
    return hashed
