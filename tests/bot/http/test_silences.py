"""Silences by API."""

from __future__ import annotations

from typing import Any

from tests.bot.http.house import House

PATH = "/api/v1/silences"


async def test_a_silence_from_its_beginning_to_its_end(house: House) -> None:
    made = await house.post(
        PATH,
        {
            "matchers": [
                'alertname="DiskFull"',
                {"name": "host", "value": "db-.*", "isRegex": True},
            ],
            "for": "2h",
            "comment": "发布中",
        },
        "responder",
    )
    assert made["id"] == "SIL-1"
    assert made["status"] == "active"
    assert made["matchers"] == ['alertname="DiskFull"', 'host=~"db-.*"']
    assert made["created_by"] == "responder"
    assert await house.get(f"{PATH}/SIL-1") == made
    alert = (await house.fire("DiskFull", host="db-1"))["alert"]
    stages = (await house.get(f"/api/v1/alerts/{alert['id']}/why"))["stages"]
    assert (stages[-1]["verdict"], stages[-1]["reason"]) == ("suppressed", "silence")
    status, ended = await house.call("DELETE", f"{PATH}/SIL-1", "responder")
    assert (status, ended["status"]) == (200, "expired")
    assert (await house.call("DELETE", f"{PATH}/SIL-1"))[0] == 409
    assert (await house.call("DELETE", f"{PATH}/SIL-2"))[0] == 404
    assert (await house.get(f"{PATH}?status=active"))["items"] == []
    assert (await house.get(f"{PATH}?status=expired"))["items"] == [ended]
    actions = [(e["action"], e["object"]) for e in (await house.audited())]
    assert ("silence.create", "SIL-1") in actions
    assert ("silence.end", "SIL-1") in actions


async def test_times_and_creator_may_be_given(house: House) -> None:
    made = await house.post(
        PATH,
        {
            "matchers": ["a=b"],
            "starts_at": "2098-12-31T23:00:00+08:00",
            "ends_at": "2099-01-01T00:00:00Z",
            "comment": "",
            "created_by": "release-bot",
        },
    )
    assert made["status"] == "pending"
    assert made["starts_at"] == "2098-12-31T15:00:00.000Z"
    assert made["created_by"] == "release-bot"


async def test_a_silence_that_cannot_be_made(house: House) -> None:
    cases: list[tuple[Any, str]] = [
        ({"for": "1h"}, "matchers"),
        ({"matchers": [], "for": "1h"}, "matchers"),
        ({"matchers": ["nonsense"], "for": "1h"}, "matchers[0]"),
        ({"matchers": ['a=~"("'], "for": "1h"}, "matchers[0]"),
        ({"matchers": [{"name": "", "value": "x"}], "for": "1h"}, "matchers[0].name"),
        ({"matchers": [{"name": "a", "value": "(", "isRegex": True}], "for": "1h"}, "matchers[0]"),
        ({"matchers": [7], "for": "1h"}, "matchers[0]"),
        ({"matchers": ["a=b"]}, "ends_at"),
        ({"matchers": ["a=b"], "for": "1h", "ends_at": "2099-01-01T00:00:00Z"}, "ends_at"),
        ({"matchers": ["a=b"], "for": "long"}, "for"),
        ({"matchers": ["a=b"], "ends_at": "tomorrow"}, "ends_at"),
        ({"matchers": ["a=b"], "starts_at": "9999-12-31T23:59:59Z", "for": "1h"}, "for"),
        ({"matchers": ["a=b"], "ends_at": "0001-01-01T00:00:00+14:00"}, "ends_at"),
    ]
    for body, path in cases:
        status, problem = await house.call("POST", PATH, json=body)
        assert status == 422, (body, problem)
        assert problem["errors"][0]["path"] == path, (body, problem)
    for body in (
        {"matchers": ['a=~".*"'], "for": "1h"},
        {"matchers": ["a=b"], "for": 0},
        {"matchers": ["a=b"], "ends_at": "2001-01-01T00:00:00Z"},
    ):
        status, problem = await house.call("POST", PATH, json=body)
        assert status == 422, (body, problem)
    assert (await house.get(PATH))["items"] == []


async def test_a_silence_is_changed_and_maintenance_needs_no_matchers(house: House) -> None:
    status, made = await house.call(
        "POST", PATH, json={"kind": "maintenance", "for": "1h", "comment": "disks"}
    )
    assert (status, made["kind"], made["matchers"]) == (201, "maintenance", [])
    where = f"{PATH}/{made['id']}"
    status, changed = await house.call("PUT", where, json={"for": "3h"})
    assert (status, changed["id"], changed["comment"]) == (200, made["id"], "disks")
    assert changed["ends_at"] > made["ends_at"]
    status, other = await house.call("PUT", where, json={"matchers": ['app="shop"']})
    assert (status, other["kind"], other["matchers"]) == (200, "maintenance", ['app="shop"'])
    assert other["id"] != made["id"]
    status, problem = await house.call("PUT", where, json={"for": "3h"})
    assert (status, "already ended" in problem["detail"]) == (409, True)
