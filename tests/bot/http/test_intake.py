"""Events and hooks: accepted means durable, refused means kept with the reason."""

from __future__ import annotations

import asyncio
import base64
import json
from pathlib import Path
from typing import Any

from core.store import Database
from tests.bot.http.house import House

FIRING = Path(__file__).parent / "alertmanager_firing.json"
EVENTS = "/api/v1/events"
HOOK = "/hooks/alertmanager"


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


async def rejected(house: House) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await house.get("/api/v1/events/rejected"))["items"]
    return items


async def test_one_event_a_batch_and_a_list(house: House) -> None:
    one = {"labels": {"alertname": "A"}}
    for body, count in ((one, 1), ({"events": [one, one]}, 2), ([one], 1), ({"events": []}, 0)):
        status, answer = await house.call("POST", EVENTS, "ingest", json=body)
        assert status == 202
        assert answer["accepted"] == count
        assert len(answer.get("ids", [])) == count
    assert sum(len(b.events) for b in await house.journal.after(0)) == 4


async def test_an_event_is_found_by_its_id_before_and_after_it_is_decided(house: House) -> None:
    accepted = await house.post(EVENTS, {"labels": {"alertname": "A"}, "dedup_key": "k"})
    await house.loop.settled()
    event = await house.get(f"{EVENTS}/{accepted['ids'][0]}")
    assert event["alert"]["labels"]["alertname"] == "A"
    again = await house.post(EVENTS, {"labels": {"alertname": "A"}, "dedup_key": "k"})
    await house.loop.settled()
    event = await house.get(f"{EVENTS}/{again['ids'][0].upper()}")
    assert event["alert"]["id"] == "ALT-1"
    assert event["alert"]["count"] == 2
    for wrong in ("x", "INC-1", "01a20de9-7c09-7001-a8cb-163324700000", "%00"):
        assert (await house.call("GET", f"{EVENTS}/{wrong}"))[0] == 404


async def test_good_entries_of_a_batch_are_kept_and_bad_ones_reported(house: House) -> None:
    batch = {"events": [{"labels": {"alertname": "A"}}, {"labels": 7}, "x", {"body": "no labels"}]}
    answer = await house.post(EVENTS, batch)
    assert answer["accepted"] == 1
    assert len(answer["ids"]) == 1
    assert [r["detail"].split(":")[0] for r in answer["rejected"]] == [
        "events[1].labels", "events[2]", "events[3].labels",
    ]  # fmt: skip
    kept = await rejected(house)
    assert {r["source"] for r in kept} == {"api"}
    assert {r["reason"] for r in kept} == {"bad_type", "missing"}


async def test_nothing_usable_is_422_and_no_json_is_400(house: House) -> None:
    for body, path in (({"labels": 7}, "labels"), ({"events": [7]}, "events[0]"), ("x", "body")):
        status, problem = await house.call("POST", EVENTS, json=body)
        assert status == 422
        assert [e["path"] for e in problem.get("errors", [{"path": "body"}])] == [path]
    headers = {"Content-Type": "application/json"}
    broken = b'{"labels": {"password": "hunter2"'
    assert (await house.call("POST", EVENTS, data=broken, headers=headers))[0] == 400
    newest = (await rejected(house))[0]
    assert newest["reason"] == "malformed"
    assert newest["payload"].startswith('{"labels"')
    assert "hunter2" not in newest["payload"]
    assert len(await house.journal.after(0)) == 0


async def test_a_large_body_that_cannot_be_used_is_kept_shortened(house: House) -> None:
    async with asyncio.timeout(10):
        headers = {"Content-Type": "application/json"}
        body = b'{"events": "' + b"x y " * 15_000
        assert (await house.call("POST", EVENTS, data=body, headers=headers))[0] == 400
    assert len((await rejected(house))[0]["payload"]) <= 64 * 1024


async def test_the_alertmanager_hook(house: House) -> None:
    payload = json.loads(FIRING.read_text())
    headers = {"Authorization": "Bearer hook-token"}
    status, answer = await house.call("POST", f"{HOOK}/main", "", json=payload, headers=headers)
    assert (status, answer) == (202, {"accepted": len(payload["alerts"])})
    await house.loop.settled()
    alerts = (await house.get("/api/v1/alerts"))["items"]
    assert {a["source"] for a in alerts} == {"hook:main"}
    assert {a["labels"]["alertname"] for a in alerts} == {
        a["labels"]["alertname"] for a in payload["alerts"]
    }


async def test_each_hook_has_its_own_credential(house: House) -> None:
    body = {"alerts": [{"status": "firing", "labels": {"alertname": "A"}}]}
    right = {"Authorization": "Bearer hook-token"}
    cases: list[tuple[str, dict[str, str], int]] = [
        ("main", right, 202),
        ("main", {}, 401),
        ("main", {"Authorization": "Bearer"}, 401),
        ("main", {"Authorization": "Bearer admin-token"}, 401),
        ("main", {"Authorization": "Bearer \xff"}, 401),
        ("main", basic("am", "hook-password"), 401),
        ("basic", basic("am", "hook-password"), 202),
        ("basic", basic("am", "wrong"), 401),
        ("basic", basic("", ""), 401),
        ("basic", {"Authorization": "Basic \u00e9"}, 401),
        ("basic", {"Authorization": "Basic ////"}, 401),
        ("query?token=hook-query", {}, 202),
        ("query?token=wrong", {}, 401),
        ("query?token=", {}, 401),
        ("query?token=%ED%A0%80", {}, 401),
        ("query", right, 401),
        ("open", {}, 202),
        ("nobody", right, 404),
        ("%00", right, 404),
    ]
    for hook, headers, wanted in cases:
        status, answer = await house.call("POST", f"{HOOK}/{hook}", "", json=body, headers=headers)
        assert status == wanted, (hook, headers, answer)
    async with house.client.post(f"{HOOK}/basic", json=body) as answer:
        assert answer.headers["WWW-Authenticate"] == 'Basic realm="tocsin"'
    assert await rejected(house) == []


async def test_what_a_hook_cannot_use_is_kept(house: House) -> None:
    for body, kind, wanted, reason in (
        (b"<alert/>", "application/xml", 415, "content_type"),
        (b"{", "application/json", 400, "malformed"),
        (b'{"alerts": 1}', "application/json", 422, "malformed"),
        (b'{"alerts": [{}]}', "application/json", 422, "missing"),
        (b"x" * 70_000, "application/json", 413, "too_large"),
    ):
        headers = {"Content-Type": kind}
        status, _ = await house.call("POST", f"{HOOK}/open", "", data=body, headers=headers)
        assert status == wanted
        newest = (await rejected(house))[0]
        assert (newest["source"], newest["reason"]) == ("hook:open", reason)


async def test_a_rejected_entry_can_be_tried_again(house: House, journal_db: Database) -> None:
    alert = json.dumps({"status": "firing", "labels": {"alertname": "Late"}})
    first = await house.journal.reject(
        "hook:main", "bad_value", "it was a bug", alert, adapter="alertmanager"
    )
    whole = await house.journal.reject(
        "hook:main", "malformed", "", f"""{{"alerts": [{alert}]}}""", adapter="alertmanager"
    )
    still = await house.journal.reject("api", "bad_type", "labels", '{"labels": 7}')
    line = await house.journal.reject("log:shop", "too_large", "", "a line")
    for one in (first, whole):
        assert (await house.post(f"{EVENTS}/rejected/{one}/replay"))["accepted"] == 1
    for one, wanted in ((still, 422), (line, 409), (first, 404), ("nonsense", 404)):
        status, _ = await house.call("POST", f"{EVENTS}/rejected/{one}/replay")
        assert status == wanted
    assert {r["id"] for r in await rejected(house)} == {still, line}
    await house.loop.settled()
    assert (await house.get("/api/v1/alerts"))["items"][0]["count"] == 2


async def test_many_requests_at_once_are_all_there(house: House) -> None:
    async def send(i: int) -> list[str]:
        ids: list[str] = (await house.post(EVENTS, {"labels": {"alertname": f"A{i}"}}))["ids"]
        return ids

    sent = await asyncio.gather(*(send(i) for i in range(60)))
    assert len({i for ids in sent for i in ids}) == 60
    names = {e.labels["alertname"] for b in await house.journal.after(0) for e in b.events}
    assert names == {f"A{i}" for i in range(60)}
