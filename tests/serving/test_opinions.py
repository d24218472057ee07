"""What the answer to a posted opinion says was understood, and that nothing personal stays in clear."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from features.instants import now, show_instant

KETTLE = {
    "id": "kettle", "happened_at": "2026-02-03", "direction": "import", "hs_code": "8516109000",
    "goods_name": "养生壶", "brand": "奥乐", "manufacturer": "宁波海通电器有限公司",
}  # fmt: skip
SAID = "市民反映,买的奥乐牌养生壶外壳漏电,孩子麻手,厂家是宁波海通电器"


def told(client: TestClient, id: str, text: str = SAID, **more: Any) -> dict[str, Any]:
    sent = {"id": id, "happened_at": show_instant(now()), "channel": "12315", "text": text, **more}
    answer = client.post("/v1/opinions", json=sent)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()["receipts"][0]["understood"]
    return found


@pytest.fixture(autouse=True)
def declared(client: TestClient) -> None:
    client.post("/v1/declarations", json=KETTLE)


def words(found: dict[str, Any]) -> list[str]:
    return [word["word"] for word in found["words"]]


def test_the_answer_says_what_was_understood(client: TestClient) -> None:
    found = told(client, "understood")
    assert found["complaint"]
    assert found["text"] == SAID
    assert [one["hazard"] for one in found["hazards"]] == ["electric_shock"]
    assert words(found["hazards"][0]) == ["漏电", "麻手"]
    assert (found["goods"]["hs4"], found["goods"]["stated"], words(found["goods"])) == (
        "8516",
        False,
        ["养生壶"],
    )
    parties = {one["role"]: one for one in found["parties"]}
    assert parties["brand"]["value"] == "奥乐"
    assert parties["manufacturer"]["value"] == "宁波海通电器有限公司"
    assert words(parties["manufacturer"]) == ["宁波海通电器"]
    for token in found["tokens"]:
        assert SAID[token["start"] : token["end"]].lower() == token["word"]


def test_a_complaint_filed_again_is_said_to_be_one(client: TestClient) -> None:
    told(client, "first-of-two", text="保温杯的杯盖发霉了,喝了以后拉肚子")
    again = told(client, "second-of-two", text="保温杯的杯盖发霉了,喝了以后拉肚子。")
    assert again["duplicate_of"] == "first-of-two"
    assert again["likeness"] > 0.9


def test_a_burst_is_told_with_what_was_to_be_expected(client: TestClient) -> None:
    texts = [f"奥乐养生壶第{number}次用就起火了,把桌子烧了{number}处" for number in range(9)]
    last = [told(client, f"burst-{number}", text=text) for number, text in enumerate(texts)][-1]
    week = next(one for one in last["burst"] if one["days"] == 7 and one["hazard"] == "fire_explosion")
    assert week["observed"] > week["expected"]
    assert week["p_value"] < 0.05


def test_hazards_are_named_in_the_language_asked_for(client: TestClient) -> None:
    sent = {"id": "zh", "happened_at": show_instant(now()), "channel": "review", "text": "电热水壶漏电"}
    answer = client.post("/v1/opinions", json=sent, headers={"Accept-Language": "zh-CN"}).json()
    assert answer["receipts"][0]["understood"]["hazards"][0]["name"] == "电击/触电"


def test_an_opinion_known_already_is_understood_as_before(client: TestClient) -> None:
    sent = {"id": "same", "happened_at": "2026-02-03", "channel": "review", "text": "电热水壶漏电"}
    first, again = (client.post("/v1/opinions", json=sent) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 200)
    found = [answer.json()["receipts"][0]["understood"] for answer in (first, again)]
    assert found[0]["hazards"] == found[1]["hazards"]


SECRETS = (
    "13812345678", "138 1234 5678", "138-1234-5678", "+8613912345678", "１３８１２３４５６７８",
    "021-62345678", "(0755)26543210", "010 6234 5678", "400-820-8820",
    "zhang.san@example.com", "li_si99@qq.com",
    "11010519491231002X", "110101199003078515", "１１０１０１１９９００３０７８５１５", "130503670401001",
)  # fmt: skip
"""Mobile, landline, service, e-mail, and identity numbers of 18 and 15 digits; full width too."""


@pytest.mark.parametrize("secret", SECRETS)
def test_nothing_personal_is_stored_answered_or_logged(
    client: TestClient, caplog: pytest.LogCaptureFixture, secret: str
) -> None:
    home: Path = client.app.state.services.settings.home  # type: ignore[attr-defined]
    caplog.set_level(logging.DEBUG)
    sent = {
        "id": f"secret-{SECRETS.index(secret)}", "happened_at": show_instant(now()), "channel": "12345",
        "text": f"电热水壶漏电,请联系{secret},谢谢", "product_name": f"电热水壶 {secret}",
        "url": f"https://example.com/{secret}",
    }  # fmt: skip
    bad = sent | {"id": "bad", "complainant": secret}
    worse = sent | {"id": "worse", "text": [secret], "channel": secret, "amount_cny": secret}
    answers = [client.post("/v1/opinions", json=one) for one in (sent, [sent, bad, worse], bad, worse)]
    assert [answer.status_code for answer in answers] == [201, 200, 422, 422]
    assert {one["field"] for one in answers[1].json()["rejects"]} >= {"complainant"}
    assert "漏电" in answers[0].json()["receipts"][0]["understood"]["text"]
    stored = b"".join(path.read_bytes() for path in home.glob("customs-risk.db*"))
    assert "请联系[".encode() in stored
    said = json.dumps([answer.json() for answer in answers], ensure_ascii=False) + caplog.text
    assert secret not in said
    assert secret.encode() not in stored


@pytest.mark.parametrize("name", ["张三", "Zhang San", "110101199003078515"])
def test_a_complainant_is_known_by_a_hash_alone(client: TestClient, name: str) -> None:
    sent = {
        "id": f"named-{len(name)}",
        "happened_at": "2026-02-03",
        "channel": "review",
        "text": "漏电",
        "complainant": name,
    }
    answer = client.post("/v1/opinions", json=sent)
    assert answer.status_code == 422
    assert name not in answer.text
    assert client.post("/v1/opinions", json=sent | {"complainant": "9f86d081884c7d65"}).status_code == 201


def test_the_sentences_that_carried_a_complaint_stand_under_its_feature(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("serving.explaining", "models.explain"):  # the small port's model knows no complaints
        monkeypatch.setattr(f"{module}.NOTHING", -1.0)
    text = "买了三个月。这个奥乐养生壶外壳漏电,孩子麻手!已经去医院。客服不理"
    told(client, "quoted", text=text, brand="奥乐")
    line = KETTLE | {"id": "asked", "goods_name": "养生壶"}
    score = client.post("/v1/scores", json=line).json()["scores"][0]["id"]
    found = client.get(f"/v1/scores/{score}/explanation", params={"length": "audit"}).json()
    records = {
        record["id"]: record
        for family in found["families"]
        for feature in family["features"]
        for record in (feature["evidence"] or {"records": []})["records"]
    }
    quotes = records["quoted"]["quotes"]
    assert [quote["text"] for quote in quotes] == ["这个奥乐养生壶外壳漏电,孩子麻手!", "已经去医院。"]
    for quote in quotes:
        assert text[quote["start"] : quote["end"]] == quote["text"]
    marks = {(mark["kind"], text[mark["start"] : mark["end"]]) for quote in quotes for mark in quote["marks"]}
    assert {("hazard", "漏电"), ("hazard", "麻手"), ("goods", "养生壶"), ("brand", "奥乐")} <= marks
    assert ("injury", "去医院") in marks
    evidence = client.get(f"/v1/scores/{score}/evidence").json()["opinions_read"]
    [read] = [one for one in evidence["opinions"].values() if "去医院" in str(one["quotes"])]
    assert [hazard["hazard"] for hazard in read["reading"]["hazards"]] == ["electric_shock"]
    page = client.get(
        f"/v1/scores/{score}/evidence", headers={"Accept": "text/html", "Accept-Language": "zh"}
    )
    assert '<mark class="hazard" title="电击/触电">漏电</mark>' in page.text


def test_a_server_is_not_ready_until_every_opinion_is_read(client: TestClient) -> None:
    told(client, "unread", text="这只保温杯漏水漏得厉害")
    store = client.app.state.services.store  # type: ignore[attr-defined]
    store.readings._read_at = -1
    with store.writing() as connection:
        connection.execute(text("DELETE FROM opinion_readings WHERE id = 'unread'"))
    ready = client.get("/health/ready")
    assert ready.status_code == 503
    assert ready.json()["parts"]["opinions"] == "1 opinions are to be read: run customs-risk retag"
    store.readings.retag()
    assert client.get("/health/ready").status_code == 200
