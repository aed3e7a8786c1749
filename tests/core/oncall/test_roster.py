"""The roster on a real store: overrides, calendars' files, and whom a mention stands for."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.config.load import parse_settings
from core.config.references import warnings
from core.errors import ConfigError, Conflict, InvalidInput, NotFound
from core.oncall.roster import Called, Roster
from core.store import Database

NOW = datetime(2026, 11, 24, 4, tzinfo=UTC)  # a Tuesday, noon in Shanghai
HOUR = timedelta(hours=1)
PEOPLE = [
    {"name": "li.wei", "mobile": "13800001111", "dingtalk_user_id": "0147"},
    {"name": "wang.fang", "dingtalk_user_id": "0148"},
]
LAYERS = [{"start": "2026-11-23T09:00", "people": ["li.wei", "wang.fang"]}]


def settings(**raw: Any) -> Any:
    return parse_settings({"people": PEOPLE, **raw}, {})


def roster(db: Database, **schedule: Any) -> Roster:
    return Roster(settings(schedules=[{"name": "primary", "layers": LAYERS, **schedule}]), db)


async def test_an_override_puts_someone_on_call_until_it_ends(db: Database) -> None:
    on_call = roster(db)
    made = await on_call.override("primary", "wang.fang", NOW, NOW + HOUR, "dentist", "li.wei", NOW)
    assert made.short_id == "OVR-1"
    now, then = await on_call.duties("primary", NOW)
    assert (now.person, now.ends_at, now.via) == ("wang.fang", NOW + HOUR, "OVR-1")
    assert then.person == "li.wei"
    ended = await on_call.end_override(1, NOW + HOUR / 2)
    assert ended.ends_at == NOW + HOUR / 2
    (now,) = await on_call.duties("primary", NOW + HOUR / 2, 1)
    assert (now.person, now.via) == ("li.wei", "layer 1")
    # What was is still told.
    assert (await on_call.duties("primary", NOW, 1))[0].person == "wang.fang"
    with pytest.raises(Conflict, match="already ended"):
        await on_call.end_override(1, NOW + HOUR)
    with pytest.raises(NotFound):
        await on_call.end_override(9, NOW)


@pytest.mark.parametrize(
    ("person", "start", "length", "said"),
    [
        ("nobody", 0, 1, "nobody called"),
        ("li.wei", 0, 0, "must end"),
        ("li.wei", -5, 2, "must end"),
        ("li.wei", 0, 24 * 400, "a year"),
        ("li.wei", 24 * 400, 1, "a year"),
    ],
)
async def test_an_override_that_makes_no_sense_is_refused(
    db: Database, person: str, start: int, length: int, said: str
) -> None:
    starts_at = NOW + start * HOUR
    with pytest.raises(InvalidInput, match=said):
        await roster(db).override(
            "primary", person, starts_at, starts_at + length * HOUR, "", "me", NOW
        )


async def test_a_mention_is_a_person_or_whoever_is_on_call(db: Database) -> None:
    on_call = roster(db)
    wei = Called("li.wei", "", "13800001111", "0147")
    assert await on_call.called(["li.wei", "@primary"], NOW) == (wei,)
    assert await on_call.called(["primary"], NOW + 7 * 24 * HOUR) == (
        Called("wang.fang", "primary", "", "0148"),
    )
    before = NOW - 30 * 24 * HOUR
    assert await on_call.called(["@primary"], before) == (Called("", "primary"),)


async def test_a_calendar_is_read_again_when_its_file_changes(db: Database, tmp_path: Path) -> None:
    path = tmp_path / "team.ics"

    def write(person: str, changed: float) -> None:
        path.write_text(
            "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\nBEGIN:VEVENT\nUID:1\n"
            f"DTSTART:20261124T000000Z\nDTEND:20261125T000000Z\nSUMMARY:{person}\n"
            "END:VEVENT\nEND:VCALENDAR\n"
        )
        os.utime(path, (changed, changed))

    write("wang.fang", 1000)
    on_call = roster(db, ical=str(path))
    await on_call.refresh(NOW)
    assert (await on_call.duties("primary", NOW, 1))[0].person == "wang.fang"
    write("li.wei", 2000)
    await on_call.refresh(NOW)
    (now,) = await on_call.duties("primary", NOW, 1)
    assert (now.person, now.via) == ("li.wei", "team.ics")
    path.write_text("broken")
    await on_call.refresh(NOW)
    assert (await on_call.duties("primary", NOW, 1))[0].person == "li.wei"


def test_every_wrong_name_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as raised:
        settings(
            channels=[{"name": "room", "type": "web"}],
            receivers=[{"name": "r", "channels": ["room"]}],
            route={"receiver": "r", "escalation": "nigth"},
            escalation=[
                {
                    "name": "night",
                    "fallback": "nowhere",
                    "steps": [
                        {"after": "5m", "notify": ["r", "room", "ops"], "mention": ["li.wie"]},
                        {"after": "9m", "mention": ["@primray", "primary", "both"]},
                    ],
                }
            ],
            people=[*PEOPLE, {"name": "both"}],
            schedules=[
                {"name": "primary", "layers": [{"start": "2026-01-05", "people": ["zhao"]}]},
                {"name": "both", "ical": str(tmp_path / "none.ics")},
                {"name": "empty"},
            ],
        )
    assert {p.path for p in raised.value.problems} == {
        "route.escalation",
        "escalation[0].fallback",
        "escalation[0].steps[0].notify[2]",
        "escalation[0].steps[0].mention[0]",
        "escalation[0].steps[1].mention[0]",
        "escalation[0].steps[1].mention[2]",
        "schedules[0].layers[0].people[0]",
        "schedules[1].ical",
        "schedules[2]",
    }


def test_what_calls_nobody_is_warned_about() -> None:
    robot = {"name": "ops", "type": "dingtalk_robot", "webhook": "http://127.0.0.1:1/"}
    found = warnings(
        settings(
            channels=[robot],
            receivers=[{"name": "r", "channels": ["ops"]}],
            route={"receiver": "r", "routes": [{"matchers": ["a=b"], "escalation": "used"}]},
            people=[*PEOPLE, {"name": "silent"}],
            escalation=[
                {"name": "used", "steps": [{"after": "1m", "mention": ["li.wei", "silent"]}]},
                {"name": "unused", "steps": [{"after": "1m"}]},
            ],
        )
    )
    assert {p.path for p in found} == {"escalation[0].steps[0].mention[1]", "escalation[1]"}
