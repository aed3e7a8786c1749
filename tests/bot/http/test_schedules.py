"""On-call schedules over the API: who is on call when, and overrides."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.store import Database, Journal
from tests.bot.http.house import House, make_settings

SCHEDULES = [
    {
        "name": "primary",
        "timezone": "Europe/Berlin",
        "layers": [
            {
                "rotation": "weekly",
                "start": "2026-01-05T09:00",
                "people": ["responder", "editor"],
            }
        ],
    },
    {"name": "later", "layers": [{"start": "2090-01-01", "people": ["viewer"]}]},
]


@pytest.fixture
async def house(
    tmp_path: Path, db: Database, journal: Journal, journal_db: Database
) -> AsyncIterator[House]:
    settings = make_settings(tmp_path, schedules=SCHEDULES)
    house = House(settings, tmp_path, db, journal, journal_db)
    await house.start()
    yield house
    await house.stop()


async def test_who_is_on_call_at_a_moment(house: House) -> None:
    seen = await house.get("/api/v1/schedules/primary?at=2026-03-28T12:00:00Z", "viewer")
    assert seen["on_call"]["person"] == "editor"
    # Nine in Berlin is seven in UTC from the day before on.
    assert seen["on_call"]["ends_at"] == "2026-03-30T07:00:00.000Z"
    assert seen["next"]["person"] == "responder"
    assert (seen["timezone"], seen["on_call"]["via"]) == ("Europe/Berlin", "layer 1")
    listed = (await house.get("/api/v1/schedules?at=2026-03-28T12:00:00Z"))["items"]
    assert [item["name"] for item in listed] == ["primary", "later"]
    assert listed[1]["on_call"]["person"] is None
    assert listed[1]["next"] is None


async def test_an_override_is_made_and_ended_by_responders(house: House) -> None:
    body = {"person": "admin-to-be", "for": "2h"}
    path = "/api/v1/schedules/primary/overrides"
    assert (await house.call("POST", path, "viewer", json=body))[0] == 403
    assert (await house.call("POST", path, "responder", json=body))[0] == 422
    body["person"] = "viewer"
    made = await house.post(path, body, "responder")
    assert (made["id"], made["person"], made["created_by"]) == ("OVR-1", "viewer", "responder")
    seen = await house.get("/api/v1/schedules/primary")
    assert (seen["on_call"]["person"], seen["on_call"]["via"]) == ("viewer", "OVR-1")
    assert [o["id"] for o in seen["overrides"]] == ["OVR-1"]
    assert (await house.call("DELETE", "/api/v1/schedules/later/overrides/OVR-1"))[0] == 404
    assert (await house.call("DELETE", f"{path}/OVR-1", "responder"))[0] == 200
    assert (await house.call("DELETE", f"{path}/OVR-1", "responder"))[0] == 404
    seen = await house.get("/api/v1/schedules/primary")
    assert seen["on_call"]["person"] != "viewer"
    actions = [(e["action"], e["object"], e["outcome"]) for e in await house.audited()]
    assert ("schedule.override", "OVR-1", "ok") in actions
    assert ("schedule.end_override", "OVR-1", "ok") in actions


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/api/v1/schedules/nothing", None, 404),
        ("GET", "/api/v1/schedules/primary?at=yesterday", None, 422),
        ("GET", "/api/v1/schedules/primary?at=9999-01-01T00:00:00Z", None, 422),
        ("GET", "/api/v1/schedules/primary?at=0001-01-01T00:00:00%2B14:00", None, 422),
        ("POST", "/api/v1/schedules/nothing/overrides", {"person": "viewer", "for": "1h"}, 404),
        ("POST", "/api/v1/schedules/primary/overrides", {"person": "viewer"}, 422),
        ("POST", "/api/v1/schedules/primary/overrides", {"person": "viewer", "for": "500d"}, 422),
        (
            "POST",
            "/api/v1/schedules/primary/overrides",
            {"person": "viewer", "ends_at": "2020-01-01T00:00:00Z"},
            422,
        ),
        ("DELETE", "/api/v1/schedules/primary/overrides/OVR-9", None, 404),
        ("DELETE", "/api/v1/schedules/primary/overrides/SIL-9", None, 404),
    ],
)
async def test_what_cannot_be_is_refused(
    house: House, method: str, path: str, body: object, status: int
) -> None:
    found, answer = await house.call(method, path, **({"json": body} if body else {}))
    assert found == status, answer
