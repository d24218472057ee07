"""The API's description, its offline page, health, metrics, models and codes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from serving.api import codes, health, metrics, models, records, scores

Line = Callable[..., dict[str, Any]]
ROUTERS = (scores, records, models, codes, health, metrics)
GUIDE = Path(__file__).parents[2] / "docs" / "api.md"


def routes() -> Iterator[tuple[str, str, APIRoute]]:
    for noun in ROUTERS:
        for route in noun.router.routes:
            assert isinstance(route, APIRoute)
            for method in route.methods:
                yield method, route.path, route


def test_every_route_is_described(client: TestClient) -> None:
    described = client.get("/openapi.json").json()
    for method, path, _ in routes():
        operation = described["paths"][path][method.lower()]
        assert operation["summary"], path
        assert operation["description"], path
        if path.startswith("/v1"):
            assert "401" in operation["responses"], path


def test_every_reference_of_the_description_leads_somewhere(client: TestClient) -> None:
    described = client.get("/openapi.json")
    schemas = described.json()["components"]["schemas"]
    for name in set(re.findall(r'"#/components/schemas/([^"]+)"', described.text)):
        assert name in schemas, name
    assert {"Score", "Declaration", "Problem"} <= set(schemas)


def test_every_route_stands_in_the_guide() -> None:
    guide = GUIDE.read_text(encoding="utf-8")
    for method, path, _ in routes():
        assert f"`{method} {path}`" in guide, f"docs/api.md lacks `{method} {path}`"


def test_the_pages_load_nothing_from_elsewhere(client: TestClient) -> None:
    page = client.get("/docs")
    assert page.status_code == 200
    addresses = re.findall(r'(?:src|href|url)\s*[=:]\s*["\']([^"\']+)["\']', page.text)
    assert addresses
    for address in addresses:
        assert address.startswith("/"), address
        assert client.get(address).status_code == 200
    assert client.get("/", follow_redirects=False).headers["location"] == "/docs"


def test_readiness_names_its_parts(client: TestClient) -> None:
    assert client.get("/health/live", headers={"Authorization": ""}).json() == {"alive": True}
    ready = client.get("/health/ready", headers={"Authorization": ""})
    assert ready.status_code == 200
    assert ready.json()["parts"] == dict.fromkeys(("migrations", "dictionary", "model", "opinions"), "ready")


def test_metrics_count_requests_by_route_and_scores_by_direction(client: TestClient, line: Line) -> None:
    before = values(client)
    client.post("/v1/scores", json=[line(1, id="m-1"), line(2, id="m-2"), {"id": "m-3"}])
    client.get("/v1/scores/" + "0" * 32)
    client.get("/wp-login.php")
    after = values(client)

    def grown(name: str, **labels: str) -> float:
        key = (name, tuple(sorted(labels.items())))
        return after.get(key, 0.0) - before.get(key, 0.0)

    scored = {"target": "nonconforming", "direction": "import", "what_if": "false"}
    assert grown("customs_risk_scores_total", **scored) == 2
    assert grown("customs_risk_rejects_total", kind="declaration") == 1
    requests = "customs_risk_requests_total"
    assert grown(requests, method="POST", route="/v1/scores", status="201") == 1
    assert grown(requests, method="GET", route="/v1/scores/{score_id}", status="404") == 1
    assert grown(requests, method="GET", route="other", status="404") == 1


def values(client: TestClient) -> dict[tuple[str, Any], float]:
    text = client.get("/metrics", headers={"Authorization": ""}).text
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_models_say_which_one_answers(client: TestClient) -> None:
    listed = client.get("/v1/models").json()["models"]
    assert listed[0]["in_use"] is True
    assert listed[0]["version"] == "1"
    assert listed[0]["card"]["figures"]["roc_auc"] == 0.8


@pytest.mark.parametrize("name", ["customs_districts", "customs-districts"])
def test_codes_keep_their_leading_zeros(client: TestClient, name: str) -> None:
    assert "customs_districts" in client.get("/v1/codes").json()["tables"]
    table = client.get(f"/v1/codes/{name}").json()
    codes_read = [row[table["columns"].index("code")] for row in table["rows"]]
    assert any(code.startswith("0") for code in codes_read)
