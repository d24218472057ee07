"""A small port with a trained champion, and clients of the real application over it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
from starlette.testclient import TestClient

from features.frame import build_frame
from features.history import History
from features.instants import DAY, SECOND, now, show_instant
from features.lines import Lines
from features.records import Declaration, Inspection, Party
from features.schema import fit_spec
from features.store.database import Store
from features.store.entries import Entry
from features.terms import Direction, Outcome
from models.bundle import store_bundle
from models.calibration import Platt
from models.keys import signing_key
from models.promotions import Nomination, promote
from models.reference import Reference
from models.risk_model import RiskModel
from serving.accounts.callers import create_token
from serving.accounts.scopes import Scope
from serving.app import create_app
from serving.settings import ServingSettings
from serving.storage.migrate import migrate

LINES = 600
DECLARED_AT = show_instant(now() - SECOND)
EVERY_SCOPE = [scope for scope in Scope if scope != Scope.ADMIN]


def declared(number: int, **changes: Any) -> dict[str, Any]:
    """A declaration line as a caller sends it."""
    sent = {
        "id": f"L{number:06d}",
        "happened_at": DECLARED_AT,
        "direction": "import",
        "hs_code": ("8516109000", "0402100000", "9503002100")[number % 3],
        "goods_name": "电热水壶",
        "origin": ("DE", "VN", "CN")[number % 3],
        "office": "2201",
        "transport_mode": "2",
        "supervision_mode": "0110",
        "currency": "USD",
        "terms": "1",
        "total_price": 1000.0 + number,
        "quantity": 10.0,
        "unit": "001",
        "gross_weight_kg": 120.0,
        "net_weight_kg": 100.0,
        "consignee": f"C{number % 7}",
        "manufacturer": f"M{number % 5}",
    }
    return {**sent, **changes}


def _records() -> list[Entry]:
    random = np.random.default_rng(7)
    began = now() - 200 * DAY
    entries: list[Entry] = []
    for number in range(LINES):
        at = began + number * DAY // 4
        sent = {name: value for name, value in declared(number).items() if name != "happened_at"}
        sent["direction"] = Direction.EXPORT if number % 4 == 3 else Direction.IMPORT
        entries.append(Entry(Declaration(happened_at=at, **sent), known_at=at))
        bad = random.random() < (0.5 if number % 5 == 0 else 0.05)
        found = Outcome.RECTIFIED if bad else Outcome.PASS
        checked = Inspection(id=f"I{number}", happened_at=at, declaration_id=str(sent["id"]), outcome=found)
        entries.append(Entry(checked, known_at=at + DAY))
    entries += [
        Entry(Party(id=f"C{n}", happened_at=began, name=f"商行{n}"), known_at=began) for n in range(7)
    ]
    return sorted(entries, key=lambda entry: entry.known_at or 0)


def train_champion(store: Store, home: Path, *, seed: int = 1, version: str = "1") -> str:
    """Fit a small booster on what the store holds, sign it and promote it; returns its fingerprint."""
    known = [r.record for chunk in store.changes() for r in chunk if isinstance(r.record, Declaration)]
    lines = Lines.of(known)
    history = History.build(store)
    spec = fit_spec(lines)
    frame = build_frame(lines, history, np.full(len(lines), history.watermark + 1), spec)
    y = np.array([number % 5 == 0 for number in range(len(known))], dtype=float)
    settings = {"objective": "binary", "num_leaves": 7, "verbosity": -1, "num_threads": 1, "seed": seed}
    settings |= {"bagging_fraction": 0.7, "bagging_freq": 1, "min_data_in_leaf": 5}
    booster = lgb.train(settings, lgb.Dataset(frame.values, y), num_boost_round=12)
    ways = {Direction.IMPORT: Platt(0.9, -0.2), Direction.EXPORT: Platt(1.1, 0.1)}
    bare = RiskModel("nonconforming", spec, booster, ways)
    directions = [one.direction for one in known]
    reference = Reference.fit(
        bare.probability(frame.values, directions), directions, lines["regime"].tolist()
    )
    model = RiskModel("nonconforming", spec, booster, ways, reference)
    key = signing_key(home)
    card = {"figures": {"roc_auc": 0.8}, "period": {"learned_until": now() - 50 * DAY}}
    fingerprint = store_bundle(model, home, {}, key, gates={"passed": True}, model_card=card)
    promote(store.engine, home, Nomination("nonconforming", fingerprint, version, "tests"), now())
    return fingerprint


def fill(url: str, home: Path) -> dict[str, str]:
    """Make a port at a database URL; returns tokens by name: every, admin and one for each scope."""
    store = Store.open(url)
    store.migrate()
    migrate(store.engine)
    store.append(_records(), imported=True)
    train_champion(store, home)
    store.go_live()
    tokens = {"every": create_token(store.engine, "every", EVERY_SCOPE)[0]}
    tokens |= {str(scope): create_token(store.engine, str(scope), [scope])[0] for scope in Scope}
    store.close()
    return tokens


def settings_of(home: Path) -> ServingSettings:
    """Settings that make a server notice changes at once."""
    return ServingSettings(
        home=home, champion_poll_seconds=0.05, token_memory_seconds=0.0, percentile_enough=50
    )


def client_of(settings: ServingSettings, tokens: dict[str, str]) -> TestClient:
    """A client of an application of its own."""
    app = create_app(settings)
    return TestClient(app, raise_server_exceptions=False, headers=bearer(tokens["every"]))


def bearer(token: str) -> dict[str, str]:
    """The header that carries a token."""
    return {"Authorization": f"Bearer {token}"}
