"""What a frame looks like: its columns in order and the frozen vocabularies of its categories."""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import msgspec
import numpy as np

from features.catalog import CATALOG, MODEL_FEATURES
from features.coded import Coded
from features.errors import FeaturesError
from features.feature import Category
from features.goods.features import HEADING_MARGIN
from features.goods.name_risk import NameRisk
from features.goods.tariff import heading_reader
from features.instants import Instant
from features.lines import Lines
from features.text import TEXT_VERSION
from features.text.tokens import words_of_process
from features.values import rates_in_force

log = logging.getLogger(__name__)


class SpecError(FeaturesError):
    """A feature specification that this version cannot honour."""

    title = "Feature specification"
    title_zh = "特征规格有误"
    remedy = (
        "Use names from docs/features.md, or the version of the software that the model was trained with."
    )
    remedy_zh = "请使用 docs/features.md 中的特征名，或训练该模型时的软件版本。"


class OtherTextVersion(SpecError):
    """A specification made with another dictionary: its words are not the words that this version finds."""

    title = "Another text version"
    title_zh = "文本词典版本不同"
    remedy = (
        "Train and promote a model with this version of the software (`customs-risk train`), or run the "
        "version that the model was trained with."
    )
    remedy_zh = "请用当前版本重新训练并启用模型（`customs-risk train`），或运行训练该模型时的软件版本。"


@dataclass(frozen=True, eq=False)
class FeatureSpec:
    """The columns of a frame, in order, and for each category the codes seen when it was fitted.

    `text_version` names the dictionary that texts are cut by, and `name_risk` reads the declared names;
    `rates` names the exchange rates that valued the lines it was fitted on, `rates_until` the last of these.
    In the frame a code unknown to the vocabulary is 0, a missing one 1, and the first of the vocabulary 2.
    Raises SpecError for an unknown or repeated name and for vocabularies that do not match the categories.
    """

    names: tuple[str, ...]
    vocabularies: Mapping[str, tuple[str, ...]]
    text_version: str = TEXT_VERSION
    name_risk: NameRisk = field(default_factory=NameRisk)
    rates: str = ""
    rates_until: Instant = 0

    def __post_init__(self) -> None:
        """Refuse what `build_frame` could not lay out."""
        for name, times in Counter(self.names).items():
            if name not in CATALOG:
                raise SpecError(f"{name!r} is no feature of the catalogue", field="names", value=name)
            if times > 1:
                raise SpecError(f"feature {name!r} stands {times} times", field="names", value=name)
        categories = {self.names[position] for position in self.categorical}
        unmatched = sorted(categories.symmetric_difference(self.vocabularies))
        if unmatched:
            rule = "every category, and nothing else, has a vocabulary"
            raise SpecError(
                f"vocabularies: {rule}; wrong for {unmatched}", field="vocabularies", value=unmatched
            )
        for name, codes in self.vocabularies.items():
            if len(set(codes)) != len(codes):
                raise SpecError(f"vocabulary of {name!r} repeats a code", field=name, value=codes)

    @cached_property
    def categorical(self) -> tuple[int, ...]:
        """Return the positions of the categories among the columns."""
        return tuple(at for at, name in enumerate(self.names) if CATALOG[name].dtype is str)

    def check_text_version(self) -> None:
        """Raise OtherTextVersion where texts would be cut otherwise than when the model learned."""
        if self.text_version != TEXT_VERSION:
            raise OtherTextVersion(
                f"the model was made with text version {self.text_version}, this software has "
                f"{TEXT_VERSION}: train and promote one again",
                field="text_version",
                value=self.text_version,
            )

    def prepare(self) -> None:
        """Check the text version, and load now what the first frame would need; the words take a second.

        Says in the log where lines are valued at other exchange rates than the model learned by.
        """
        self.check_text_version()
        if self.rates and self.rates != rates_in_force().fingerprint(self.rates_until):
            log.warning(
                "The model learned at other exchange rates than are in force: it would know other values of "
                "the same lines. Serve by the rates of its training, or train again."
            )
        if self.name_risk.editions:
            words_of_process()
        if HEADING_MARGIN in self.names:
            heading_reader()

    @cached_property
    def fingerprint(self) -> str:
        """Return the SHA-256 of the specification, in hex."""
        return hashlib.sha256(msgspec.json.encode(self.to_dict(), order="sorted")).hexdigest()

    def to_dict(self) -> dict[str, Any]:
        """Return the specification as plain JSON values."""
        vocabularies = {name: list(codes) for name, codes in self.vocabularies.items()}
        plain = {
            "names": list(self.names),
            "vocabularies": vocabularies,
            "text_version": self.text_version,
            "name_risk": self.name_risk.to_dict(),
        }
        return plain | ({"rates": self.rates, "rates_until": self.rates_until} if self.rates else {})

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> FeatureSpec:
        """Read a specification back; raises SpecError when it is none."""
        try:
            names = msgspec.convert(plain["names"], tuple[str, ...])
            vocabularies = msgspec.convert(plain["vocabularies"], dict[str, tuple[str, ...]])
            name_risk = NameRisk.from_dict(plain["name_risk"]) if "name_risk" in plain else NameRisk()
            version = msgspec.convert(plain["text_version"], str)
            rates = msgspec.convert(plain.get("rates", ""), str)
            until = msgspec.convert(plain.get("rates_until", 0), int)
            return cls(names, vocabularies, version, name_risk, rates, until)
        except (KeyError, msgspec.ValidationError) as error:
            raise SpecError(f"not a feature specification: {error!r}") from error

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FeatureSpec) and self.fingerprint == other.fingerprint

    def __hash__(self) -> int:
        return hash(self.fingerprint)


def fit_spec(
    lines: Lines, names: Sequence[str] = MODEL_FEATURES, name_risk: NameRisk | None = None
) -> FeatureSpec:
    """Freeze the vocabularies of the categories among `names`: codes by frequency in the lines, then name."""
    vocabularies = {}
    for name in names:
        source = CATALOG[name].source if name in CATALOG else None
        if isinstance(source, Category):
            vocabularies[name] = _vocabulary(lines.coded(source.column))
    until = int(lines["happened_at"].max()) if len(lines) else 0
    return FeatureSpec(
        tuple(names),
        vocabularies,
        name_risk=name_risk or NameRisk(),
        rates=rates_in_force().fingerprint(until),
        rates_until=until,
    )


def _vocabulary(texts: Coded) -> tuple[str, ...]:
    times = np.bincount(texts.codes[texts.codes >= 0], minlength=len(texts.values)).tolist()
    seen = {text: count for text, count in zip(texts.values.tolist(), times, strict=True) if count}
    return tuple(sorted(seen, key=lambda code: (-seen[code], code)))
