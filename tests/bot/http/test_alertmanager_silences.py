"""Alertmanager's API: silences."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote
from uuid import UUID

from tests.bot.http.house import House

PATH = "/api/v2/silences"
UNKNOWN = "123e4567-e89b-12d3-a456-426614174000"


def moment(seconds: float) -> str:
    at = datetime.now(UTC) + timedelta(seconds=seconds)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def silence(**changes: Any) -> dict[str, Any]:
    return {
        "matchers": [{"name": "alertname", "value": "Disk.*", "isRegex": True, "isEqual": True}],
        "startsAt": moment(0),
        "endsAt": moment(3600),
        "createdBy": "ann",
        "comment": "发布中",
        **changes,
    }


async def made(house: House, **changes: Any) -> str:
    return str((await house.post(PATH, silence(**changes), "responder"))["silenceID"])


async def one(house: House, silence_id: str) -> dict[str, Any]:
    found: dict[str, Any] = await house.get(f"/api/v2/silence/{silence_id}", "viewer")
    return found


async def test_a_silence_from_its_beginning_to_its_end(house: House) -> None:
    silence_id = await made(house)
    assert str(UUID(silence_id)) == silence_id
    shown = await one(house, silence_id)
    assert shown["status"] == {"state": "active"}
    assert (shown["createdBy"], shown["comment"]) == ("ann", "发布中")
    assert shown["matchers"] == silence()["matchers"]
    await house.post("/api/v2/alerts", [{"labels": {"alertname": "DiskFull"}}])
    [alert] = await house.get("/api/v2/alerts")
    assert alert["status"]["silencedBy"] == [silence_id]
    assert (await house.get("/api/v1/silences"))["items"][0]["id"] == "SIL-1"
    path = f"/api/v2/silence/{silence_id}"
    assert await house.call("DELETE", path, "responder") == (200, "")
    assert await house.call("DELETE", path, "responder") == (200, "")
    ended = await one(house, silence_id)
    assert ended["status"] == {"state": "expired"}
    assert ended["updatedAt"] == ended["endsAt"]
    [alert] = await house.get("/api/v2/alerts")
    assert alert["status"]["state"] == "active"
    actions = [(e["action"], e["object"], e["by"]) for e in await house.audited()]
    assert ("silence.create", "SIL-1", "responder") in actions
    assert ("silence.end", "SIL-1", "responder") in actions


async def test_a_change_keeps_the_id_where_what_was_silenced_stays_true(house: House) -> None:
    silence_id = await made(house)
    shown = await one(house, silence_id)
    changed = {**shown, "endsAt": moment(7200), "comment": "longer"}
    assert await made(house, **changed) == silence_id
    assert (await one(house, silence_id))["comment"] == "longer"
    other = [{"name": "host", "value": "db-1", "isRegex": False}]
    new = await made(house, **{**changed, "matchers": other})
    assert new != silence_id
    assert (await one(house, silence_id))["status"]["state"] == "expired"
    assert (await one(house, new))["matchers"][0]["isEqual"] is True
    again = await made(house, **{**changed, "endsAt": moment(60)})  # of one that is over
    assert again not in {new, silence_id}
    pending = await made(house, startsAt=moment(600))
    sooner = moment(300)
    assert await made(house, id=pending, startsAt=sooner) == pending
    shown = await one(house, pending)
    assert (shown["startsAt"], shown["status"]["state"]) == (sooner, "pending")
    moved = await made(house, id=again, startsAt=moment(300))  # it began: it cannot begin later
    assert moved != again


async def test_the_list_is_filtered_and_in_order(house: House) -> None:
    late = await made(house, endsAt=moment(9000))
    soon = await made(house, matchers=[{"name": "host", "value": "a", "isRegex": False}])
    pending = await made(house, startsAt=moment(60))
    over = await made(house)
    await house.call("DELETE", f"/api/v2/silence/{over}")
    assert [s["id"] for s in await house.get(PATH)] == [soon, late, pending, over]
    host = quote('host="a"')
    assert [s["id"] for s in await house.get(f"{PATH}?filter={host}")] == [soon]
    assert (await house.call("GET", f"{PATH}?filter=nonsense"))[0] == 400


async def test_what_cannot_be_silenced(house: House) -> None:
    wrong: list[tuple[dict[str, Any], int]] = [
        ({"matchers": []}, 422),
        ({"matchers": None}, 422),
        ({"matchers": [{"name": "a", "value": "x"}]}, 422),
        ({"comment": None}, 422),
        ({"startsAt": "tomorrow"}, 422),
        ({"matchers": [{"name": "a", "value": "", "isRegex": False}]}, 400),
        ({"matchers": [{"name": "a", "value": ".*", "isRegex": True}]}, 400),
        ({"matchers": [{"name": "a", "value": "(", "isRegex": True}]}, 400),
        ({"matchers": [{"name": "a b", "value": "x", "isRegex": False}]}, 400),
        ({"matchers": [{"name": "", "value": "x", "isRegex": False}]}, 400),
        ({"comment": "x\0"}, 400),
        ({"startsAt": moment(60), "endsAt": moment(30)}, 400),
        ({"startsAt": "2001-01-01T00:00:00Z", "endsAt": "2002-01-01T00:00:00Z"}, 400),
        ({"startsAt": "0001-01-01T00:00:00+14:00"}, 400),
        ({"id": UNKNOWN}, 404),
        ({"id": "nope"}, 404),
    ]
    for changes, status in wrong:
        got, said = await house.call("POST", PATH, json=silence(**changes))
        assert got == status, (changes, said)
        assert isinstance(said, str if status != 422 else dict), said
    assert await house.get(PATH) == []
    assert await house.call("GET", f"/api/v2/silence/{UNKNOWN}") == (404, "")
    assert await house.call("DELETE", f"/api/v2/silence/{UNKNOWN}") == (404, "silence not found")
    status, said = await house.call("DELETE", "/api/v2/silence/SIL-1")
    assert (status, said["code"]) == (422, 422)
