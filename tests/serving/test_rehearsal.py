"""A server runs everything once before its first request: then no request waits for a compiler."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from serving_port import declared

WATCHED = """
import json, sys
from features import kernel
from serving.intake import take_in
from serving.scorer import Ask
from serving.services import open_services
from serving.settings import ServingSettings
from features.history.merge import merge_levels
from features.store.entries import Entry
from features.terms import Kind

def compiled():
    named = {each: f"{each.py_func.__module__}.{each.py_func.__qualname__}" for each in kernel._STAMPS}
    return {name: len(each.signatures) for each, name in named.items()}

services = open_services(ServingSettings())
before = services.store.head().sequence
services.rehearse()
rehearsed = compiled()
assert services.store.head().sequence == before
lines = [taken.record for taken in take_in(Kind.DECLARATION, json.loads(sys.stdin.read())).records]
champion = services.champion("nonconforming")
for size in (1, 2, 3, 4, 5, 17):
    services.scorer.score(champion, lines[:size], Ask())
    services.store.append([Entry(line) for line in lines[size:2 * size]])
services.scorer.score(champion, lines[:1], Ask())
for state in services.scorer.history_to(0)._standing.tallies.values():
    state.settled().tail()
    merge_levels(state.levels[0], state.settled().levels[1])
later = compiled()
print(json.dumps({"before": sum(rehearsed.values()), "new": [n for n in later if later[n] != rehearsed[n]]}))
services.close()
"""


def test_nothing_is_compiled_for_a_request_that_was_not_rehearsed(home: Path) -> None:
    lines = json.dumps([declared(10_000 + number) for number in range(40)])
    environment = os.environ | {"CUSTOMS_RISK_HOME": str(home)}
    environment.pop("CUSTOMS_RISK_DATABASE_URL", None)
    run = [sys.executable, "-c", WATCHED]
    done = subprocess.run(run, input=lines, text=True, capture_output=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["before"] > 20
    assert told["new"] == []
