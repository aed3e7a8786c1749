"""An alert goes in, people act on its incident, everything about it is read back."""

from __future__ import annotations

from typing import Any

from tests.bot.http.house import House, until


async def test_an_event_becomes_an_alert_with_an_incident(house: House) -> None:
    event = await house.fire("DiskFull", host="a")
    assert event["source"] == "api"
    alert = event["alert"]
    assert alert["labels"] == {"alertname": "DiskFull", "host": "a", "severity": "critical"}
    assert alert["incident"] == "INC-1"
    assert await house.get(f"/api/v1/alerts/{alert['id']}") == alert
    incident = await house.get("/api/v1/incidents/INC-1")
    assert incident["status"] == "triggered"
    assert incident["severity"] == "critical"
    assert incident["analysis"] is None
    assert incident["similar"] == []
    assert [entry["kind"] for entry in incident["timeline"]][:2] == ["triggered", "alert"]
    assert (await house.get("/api/v1/incidents"))["items"][0]["timeline"][0]["kind"] == "triggered"


async def test_why_tells_each_stage_and_what_the_platform_said(house: House) -> None:
    await house.fire("DiskFull", host="a")

    async def told() -> bool:
        why = await house.get("/api/v1/alerts/ALT-1/why")
        return [n["state"] for n in why["notifications"]] == ["sent"]

    await until(told)
    why = await house.get("/api/v1/alerts/ALT-1/why")
    assert why["alert"]["id"] == "ALT-1"
    assert why["stages"][-1]["verdict"] == "notified"
    assert {"stage", "verdict", "reason", "by", "note"} == set(why["stages"][0])
    (notification,) = why["notifications"]
    assert notification["channel"] == "room"
    assert notification["receipt"]["code"] == "0"
    (listed,) = (await house.get("/api/v1/notifications?status=sent"))["items"]
    assert listed["alerts"] == ["ALT-1"]
    assert listed["incident"] == "INC-1"
    assert await house.get("/api/v1/notifications/NTF-1") == listed
    assert (await house.call("POST", "/api/v1/notifications/NTF-1/retry"))[0] == 409


async def test_acknowledge_and_its_way_back(house: House) -> None:
    await house.fire("DiskFull")
    acked = await house.post(
        "/api/v1/incidents/INC-1/acknowledge", {"comment": "on it", "for": "2h"}, "responder"
    )
    assert acked["status"] == "acknowledged"
    assert acked["acknowledged_by"] == "responder"
    assert acked["acknowledged_at"].endswith("Z")
    status, problem = await house.call("POST", "/api/v1/incidents/INC-1/acknowledge")
    assert status == 409
    assert "already acknowledged by responder" in problem["detail"]
    back = await house.post("/api/v1/incidents/inc-1/unacknowledge", {"comment": "not me"})
    assert back["status"] == "triggered"
    assert back["acknowledged_by"] is None
    resolved = await house.post("/api/v1/incidents/1/resolve", {"comment": "grew the volume"})
    assert resolved["status"] == "resolved"
    assert resolved["resolution"] == "grew the volume"
    assert (await house.call("POST", "/api/v1/incidents/INC-1/resolve"))[0] == 409
    assert (await house.call("POST", "/api/v1/incidents/INC-1/escalate"))[0] == 409
    assert (await house.post("/api/v1/incidents/INC-1/reopen"))["status"] == "triggered"


async def test_assign_note_and_escalate(house: House) -> None:
    await house.fire("DiskFull")
    assigned = await house.post("/api/v1/incidents/INC-1/assign", {"to": "editor"})
    assert assigned["assignee"] == "editor"
    status, problem = await house.call(
        "POST", "/api/v1/incidents/INC-1/assign", json={"to": "nobody"}
    )
    assert status == 422
    assert problem["errors"][0]["path"] == "to"
    noted = await house.post(
        "/api/v1/incidents/INC-1/note", {"comment": "password=hunter2 was in the log"}
    )
    assert noted["timeline"][-1]["kind"] == "note"
    assert "hunter2" not in noted["timeline"][-1]["text"]
    escalated = await house.post("/api/v1/incidents/INC-1/escalate")
    assert escalated["timeline"][-1]["kind"] == "escalated"


async def test_a_wrong_value_is_named(house: House) -> None:
    await house.fire("DiskFull")
    cases: list[tuple[Any, str]] = [
        ({"for": "soon"}, "for"),
        ({"for": -1}, "for"),
        ({"for": 0}, "for"),
        ({"for": "99999999d"}, "for"),
        ({"for": []}, "for"),
        ({"comment": 7}, "comment"),
        ({"comment": "x" * 20_000}, "comment"),
        ({"comment": "a\0b"}, "body"),
        ([], "body"),
        ("text", "body"),
    ]
    for body, path in cases:
        status, problem = await house.call("POST", "/api/v1/incidents/INC-1/acknowledge", json=body)
        assert status == 422, (body, problem)
        assert problem["errors"][0]["path"] == path, body
    assert (await house.get("/api/v1/incidents/INC-1"))["status"] == "triggered"


async def test_what_is_no_incident_is_not_found(house: House) -> None:
    for wanted in (
        "INC-2", "INC-abc", "ALT-1", "INC-", "-1", "INC-999999999999", "9" * 300, "INC-1 1",
        "%00", "%F0%9F%94%A5", "%ED%A0%80", "..%2F..%2Fetc", "INC-%D9%A1%D9%A1",
    ):  # fmt: skip
        for method, verb in (("GET", ""), ("POST", "/acknowledge"), ("POST", "/note")):
            url = f"/api/v1/incidents/{wanted}{verb}"
            status, problem = await house.call(method, url, json={"comment": "x"})
            assert status == 404, (url, problem)
            assert problem["status"] == 404


async def test_what_people_do_is_audited(house: House) -> None:
    await house.fire("DiskFull")
    await house.post("/api/v1/incidents/INC-1/acknowledge", role="responder")
    await house.call("POST", "/api/v1/incidents/INC-1/acknowledge", "responder")
    await house.call("POST", "/api/v1/incidents/INC-1/resolve", "viewer")
    denied, failed, done = await house.audited()
    assert (done["action"], done["outcome"]) == ("incident.acknowledge", "ok")
    assert (done["by"], done["via"], done["object"]) == ("responder", "api", "INC-1")
    assert failed["outcome"] == "failed"
    assert "already acknowledged" in failed["detail"]
    assert (denied["by"], denied["outcome"]) == ("viewer", "denied")
    assert (await house.get("/api/v1/audit?status=denied"))["items"] == [denied]
