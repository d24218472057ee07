"""Taking versions into use and back: a row in the product's database, mirrored to the registry's aliases."""

from __future__ import annotations

import getpass
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from features.instants import now
from features.store.database import Store
from models import promotions
from models.bundle import bundles_folder, read_bundle, verified_contents
from models.errors import ModelsError
from models.keys import public_keys
from models.promotions import Nomination, Promotion
from models.risk_model import RiskModel
from training.compare import Named, compare
from training.compare.pair import NothingLater
from training.compare.verdict import unjudged
from training.errors import GateClosed, UnknownVersion
from training.gates import CALIBRATION, closed, gate_report
from training.mirror import show_promotion
from training.policy import GatePolicy
from training.tracking import Tracking, Version
from training.workshop import Workshop


@dataclass(frozen=True, slots=True)
class Listed:
    """A registered version as the list shows it; `unreadable` says why its bundle told nothing else."""

    version: Version
    champion: bool
    gates_passed: bool
    average_precision: float | None
    unreadable: str = ""


def parse_version(text: str, tracking: Tracking) -> Version:
    """Return the registered version that NAME/VERSION names; raises UnknownVersion."""
    name, _, number = text.partition("/")
    if not name or not number.isdecimal():
        raise UnknownVersion(f"{text!r} is not of the form NAME/VERSION, such as nonconforming/3")
    return tracking.version(name, int(number))


def read_version(home: Path, version: Version) -> RiskModel:
    """Read the bundle of a registered version, verified."""
    folder = bundles_folder(home) / version.fingerprint
    return read_bundle(folder, public_keys(home), fingerprint=version.fingerprint)


def is_champion(store: Store, version: Version) -> bool:
    """Say whether a version is the present champion of its target."""
    present = promotions.champion(store.engine, version.name)
    return present is not None and present.fingerprint == version.fingerprint


def gates_before(workshop: Workshop, version: Version, policy: GatePolicy) -> list[dict[str, Any]]:
    """Return the gates that stand before a version: those signed into its bundle, and those of a comparison
    with the present champion where there are lines later than both trainings.
    """
    signed: list[dict[str, Any]] = signed_gates(workshop.home, version)["gates"]
    promotion = promotions.champion(workshop.store.engine, version.name)
    if promotion is None or promotion.fingerprint == version.fingerprint:
        return signed
    champion = Named(promotion.version, promotions.load_promoted(workshop.home, promotion))
    challenger = Named(str(version), read_version(workshop.home, version))
    try:
        later = compare(workshop, challenger, champion, policy).gates
    except NothingLater as error:
        later = (unjudged(str(error), policy),)
    return signed + [{**gate, "name": f"later: {gate['name']}"} for gate in gate_report(later)["gates"]]


def promote_version(
    store: Store,
    home: Path,
    version: Version,
    *,
    reason: str = "",
    forced: bool = False,
    gates: Sequence[Mapping[str, Any]] | None = None,
) -> Promotion:
    """Make a version the champion of its target.

    Raises GateClosed, naming the gates with their figures, unless all are open or it is forced with a reason;
    without `gates` those signed into the bundle count.
    """
    shut = closed({"gates": signed_gates(home, version)["gates"] if gates is None else gates})
    if shut and not (forced and reason.strip()):
        raise GateClosed(f"{version} did not pass: {'; '.join(shut)}")
    nomination = Nomination(
        target=version.name,
        fingerprint=version.fingerprint,
        version=str(version),
        promoted_by=getpass.getuser(),
        reason=reason,
        forced=bool(shut),
        closed="; ".join(shut),
    )
    promotion = promotions.promote(store.engine, home, nomination, now())
    show_promotion(store, home, promotion)
    return promotion


def gate_line(gate: Mapping[str, Any]) -> str:
    """Say a gate in one line."""
    state = "CLOSED" if not gate["passed"] else "open  " if gate.get("judged", True) else "unseen"
    return f"{state} {gate['name']}: {gate['seen']}"


def promote_first(store: Store, home: Path, version: Version) -> Promotion | None:
    """Make a target's first version its champion; any other waits for `promote`.

    Few later failures may leave the first version's calibration in doubt. It ranks all the same, and there is
    nothing better: that gate alone does not keep it out, and is recorded with the promotion.
    """
    if promotions.champion(store.engine, version.name) is not None:
        return None
    gates = signed_gates(home, version)["gates"]
    if closed({"gates": [gate for gate in gates if gate["name"] != CALIBRATION]}):
        return None
    return promote_version(store, home, version, reason="first version of its target", forced=True)


def roll_back(store: Store, home: Path, target: str) -> Promotion:
    """Return to the champion before the present one."""
    promotion = promotions.rollback(store.engine, home, target, getpass.getuser(), now())
    show_promotion(store, home, promotion)
    return promotion


def list_versions(store: Store, home: Path, target: str | None = None) -> list[Listed]:
    """Return every registered version with its standing, oldest first; one that cannot be read says why."""
    return [
        _listed(home, version, promotions.champion(store.engine, version.name))
        for version in Tracking(home).versions(target)
    ]


def _listed(home: Path, version: Version, champion: Promotion | None) -> Listed:
    stands = champion is not None and champion.fingerprint == version.fingerprint
    try:
        contents = _contents(home, version)
        precision = json.loads(contents["model_card.json"])["figures"].get("average_precision")
        return Listed(version, stands, not closed(json.loads(contents["gates.json"])), precision)
    except ModelsError as error:
        return Listed(version, stands, False, None, f"{error.message}. {error.remedy}")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        return Listed(version, stands, False, None, f"its card or gates cannot be read: {error!r}")


def signed_gates(home: Path, version: Version) -> dict[str, Any]:
    """Return the gate report signed into a version's bundle."""
    report: dict[str, Any] = json.loads(_contents(home, version)["gates.json"])
    return report


def _contents(home: Path, version: Version) -> dict[str, bytes]:
    folder = bundles_folder(home) / version.fingerprint
    return verified_contents(folder, public_keys(home), fingerprint=version.fingerprint)
