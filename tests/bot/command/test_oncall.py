"""/oncall: who is on call is shown, and people take over for a while."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.store import Database, Journal
from tests.bot.command.room import Room, open_room

SCHEDULES = [
    {"name": "primary", "layers": [{"start": "2026-01-05T09:00", "people": ["li.wei", "li.wei"]}]},
    {
        "name": "second",
        "timezone": "Europe/Berlin",
        "layers": [
            {
                "rotation": "daily",
                "start": "2026-01-05T09:00",
                "people": ["li.wei", "wang.fang"],
            }
        ],
    },
]


@pytest.fixture
async def room(db: Database, journal: Journal, tmp_path: Path) -> AsyncIterator[Room]:
    async with open_room(db, journal, tmp_path, schedules=SCHEDULES) as opened:
        yield opened


async def test_who_is_on_call_and_who_comes_then(room: Room) -> None:
    shown = await room.say("/oncall")
    assert "**primary**（Asia/Shanghai）" in shown
    assert "现在：**li.wei**（第 1 层）" in shown
    assert "**second**（Europe/Berlin）" in shown
    assert "09:00:00 交接" in shown
    shown = await room.say("/oncall SECOND", name="wang.fang", role="viewer", language="en")
    assert "primary" not in shown
    assert "Next:" in shown
    assert "09:00:00 (layer 1)" in shown


async def test_taking_over_and_giving_back(room: Room) -> None:
    said = await room.say("/oncall override primary @wang.fang 2h 看牙医")
    assert said.startswith("OVR-1：wang.fang 在 primary 替班")
    assert "**wang.fang**" in await room.say("/oncall primary")
    assert "已结束" in await room.say("/oncall end OVR-1")
    assert "**li.wei**" in await room.say("/oncall primary")
    said = await room.say("/oncall override second me 2030-03-31T01:30 2030-03-31T04:00")
    assert "没有成功" in said or "看不懂" in said  # more than a year ahead
    entry = (await room.audit())[-1]
    assert (entry.action, entry.outcome) == ("command./oncall", "ok")


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("/oncall nothing", "没有值班表 nothing，现有：primary, second"),
        ("/oncall override", "用法"),
        ("/oncall override primary", "用法"),
        ("/oncall override primary li.wei", "用法"),
        ("/oncall override primary li.wei soon later", "用法"),
        ("/oncall override primary nobody 2h", "nobody"),
        ("/oncall override nothing li.wei 2h", "没有值班表"),
        ("/oncall end", "用法"),
        ("/oncall end OVR-9", "OVR-9"),
        ("/oncall end INC-9", "用法"),
    ],
)
async def test_what_cannot_be_is_said(room: Room, typed: str, said: str) -> None:
    assert said in await room.say(typed)


async def test_a_viewer_may_look_and_not_take_over(room: Room) -> None:
    said = await room.say("/oncall override primary wang.fang 2h", "wang.fang", "viewer")
    assert said.startswith("没有权限")
    assert "**li.wei**" in await room.say("/oncall primary", "wang.fang", "viewer")


async def test_without_schedules_it_says_where_to_add_them(
    db: Database, journal: Journal, tmp_path: Path
) -> None:
    async with open_room(db, journal, tmp_path) as opened:
        assert "schedules" in await opened.say("/oncall")
