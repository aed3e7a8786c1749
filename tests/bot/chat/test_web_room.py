"""The built-in room: what is told in it, said in it, read from it and listened to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import msgspec
import pytest

from bot.chat.channel import Outgoing
from bot.chat.web import stream
from bot.chat.web.log import RoomLog
from bot.chat.web.room import WebRoom
from bot.render.notification import Part
from core.clock import utc_now
from core.config import channels
from core.model.notification import Notification
from core.store import Database, Journal
from core.store.queries import Story
from tests.bot.console.house import House, opened

MESSAGES = "/chat/web/room/messages"


@pytest.fixture
async def house(db: Database, journal: Journal, journal_db: Database) -> AsyncIterator[House]:
    async with opened(db, journal, journal_db) as one:
        yield one


# The channel


def outgoing(key: str, incident: int | None = 7) -> Outgoing:
    now = utc_now()
    return Outgoing(
        Notification(
            id=key,
            number=1,
            channel="room",
            incident=incident,
            alerts=(),
            kind="firing",
            key=key,
            due_at=now,
            created_at=now,
        ),
        None,
        Story(),
    )


async def test_a_notification_is_one_line_however_often_it_is_sent(db: Database) -> None:
    lines = RoomLog(db)
    parts = [Part("disk full", "**disk full**"), Part("disk full", "- db-1")]
    room = WebRoom(channels.WebRoom(name="room", type="web"), lines, lambda _outgoing: parts)
    first = await room.send(outgoing("k1"))
    again = await room.send(outgoing("k1"))
    await room.send(outgoing("k2", None))
    assert (first.code, first.text) == ("0", "ok")
    assert again.at == first.at
    told = await lines.after("room", 0)
    assert [(line.key, line.incident, line.author) for line in told] == [
        ("k1", 7, "tocsin"),
        ("k2", None, "tocsin"),
    ]
    assert told[0].text == "**disk full**\n\n- db-1"
    assert room.messages(outgoing("k3")) == 1


# The log


async def test_lines_are_read_on_from_any_place(db: Database) -> None:
    lines = RoomLog(db)
    for number in range(5):
        await lines.append("room", "ann", f"n{number}", "text")
    await lines.append("other", "ann", "elsewhere", "text")
    everything = await lines.after("room", 0)
    assert [line.text for line in everything] == ["n0", "n1", "n2", "n3", "n4"]
    second = everything[1].seq
    assert [line.text for line in await lines.after("room", second, 2)] == ["n2", "n3"]
    assert [line.text for line in await lines.before("room", None, 2)] == ["n3", "n4"]
    assert [line.text for line in await lines.before("room", everything[3].seq, 2)] == ["n1", "n2"]


async def test_a_listener_hears_at_once_what_is_said(db: Database) -> None:
    lines = RoomLog(db)
    waiting = [asyncio.create_task(lines.wait("room", 0, 60)) for _ in range(20)]
    await asyncio.sleep(0)
    line = await lines.append("room", "ann", "hello", "text")
    async with asyncio.timeout(5):
        assert await asyncio.gather(*waiting) == [[line]] * 20
    assert await lines.wait("room", line.seq, 0.01) == []


async def test_closing_lets_every_listener_go(db: Database) -> None:
    lines = RoomLog(db)
    waiting = asyncio.create_task(lines.wait("room", 0, 60))
    await asyncio.sleep(0)
    await lines.close()
    async with asyncio.timeout(5):
        assert await waiting == []
        assert await lines.wait("room", 0, 60) == []


# Talking


async def test_an_alert_is_told_and_acknowledged_in_the_room(house: House) -> None:
    await house.fire("DiskFull", host="db-1")
    (told,) = await house.lines()
    assert (told["kind"], told["author"], told["incident"]) == ("notification", "tocsin", "INC-1")
    assert "DiskFull" in told["text"]
    assert "<strong>" in told["html"]
    reply = await house.say("/ack INC-1 disk is being cleaned")
    assert reply["format"] == "markdown"
    assert "INC-1" in reply["text"]
    said, answered = (await house.lines(f"?after={told['id']}"))[:2]
    assert (said["author"], said["kind"], said["html"]) == ("ann", "said", None)
    assert said["text"] == "/ack INC-1 disk is being cleaned"
    assert (answered["id"], answered["text"]) == (reply["id"], reply["text"])
    incident = house.loop.fold.state.incidents[1]
    assert (incident.status, incident.acknowledged_by) == ("acknowledged", "ann")


async def test_the_last_incident_of_the_room_needs_no_id(house: House) -> None:
    await house.fire("DiskFull", host="db-1")
    await house.say("/ack")
    assert house.loop.fold.state.incidents[1].status == "acknowledged"
    await house.fire("OutOfMemory", host="db-2")
    await house.say("／resolve　已扩容")
    assert house.loop.fold.state.incidents[2].status == "resolved"
    assert house.loop.fold.state.incidents[1].status == "acknowledged"


async def test_each_command_checks_its_own_role(house: House) -> None:
    await house.fire("DiskFull")
    refused = await house.say("/ack INC-1", "eve")
    assert house.loop.fold.state.incidents[1].status == "triggered"
    assert "INC-1" not in refused["text"]
    assert "INC-1" in (await house.say("/incidents", "eve"))["text"]


async def test_talk_is_for_people_and_the_hint_for_its_sender_only(house: House) -> None:
    reply = await house.say("我来看，先别重启")
    assert reply["id"] is None
    assert "/help" in reply["text"]
    assert [line["text"] for line in await house.lines()] == ["我来看，先别重启"]
    refused = await house.client.post(MESSAGES, json={"text": "hello"}, headers=house.bearer("eve"))
    assert refused.status == 403
    assert len(await house.lines()) == 1


async def test_a_secret_that_someone_types_is_not_kept(house: House) -> None:
    await house.say("try password=hunter2hunter2 please")
    (line,) = await house.lines()
    assert "hunter2" not in line["text"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"text": "x" * 4000}, 200),
        ({"text": "x" * 4001}, 422),
        ({"text": "  \n"}, 422),
        ({"text": 5}, 422),
        ({}, 422),
        ([], 422),
        (b"{", 400),
        (b"\xff", 400),
    ],
)
async def test_what_cannot_be_said(house: House, body: object, status: int) -> None:
    raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
    headers = {**house.bearer(), "Content-Type": "application/json"}
    answer = await house.client.post(MESSAGES, data=raw, headers=headers)
    assert answer.status == status
    assert len(await house.lines()) == (1 if status == 200 else 0)
    if status != 200:
        assert answer.content_type == "application/problem+json"


@pytest.mark.parametrize("query", ["?after=x", "?after=-1", "?limit=0", "?before=9" + "9" * 30])
async def test_a_wrong_place_is_refused(house: House, query: str) -> None:
    answer = await house.client.get(MESSAGES + query, headers=house.bearer())
    assert answer.status == 422


async def test_strangers_and_unknown_rooms(house: House) -> None:
    assert (await house.client.get(MESSAGES)).status == 401
    assert (await house.client.post(MESSAGES, json={"text": "/help"})).status == 401
    assert (await house.client.get("/chat/web/room/stream")).status == 401
    assert (await house.client.get(MESSAGES, headers=house.bearer("probe"))).status == 403
    for path in ("messages", "stream"):
        answer = await house.client.get(f"/chat/web/nowhere/{path}", headers=house.bearer())
        assert answer.status == 404


# Listening


async def events(response: aiohttp.ClientResponse, count: int) -> list[tuple[str, dict[str, str]]]:
    """The next `count` events of a stream: id and data."""
    found: list[tuple[str, dict[str, str]]] = []
    event_id = ""
    async with asyncio.timeout(10):
        while len(found) < count:
            line = (await response.content.readline()).decode().rstrip("\n")
            if line.startswith("id: "):
                event_id = line[4:]
            elif line.startswith("data: "):
                found.append((event_id, msgspec.json.decode(line[6:])))
    return found


async def test_a_stream_tells_from_now_on_and_reads_on_after_a_break(house: House) -> None:
    await house.say("before")
    headers = house.bearer("eve")
    async with house.client.get("/chat/web/room/stream", headers=headers) as response:
        assert response.status == 200
        assert response.content_type == "text/event-stream"
        await house.say("one\n\ndata: forged")
        await house.say("two")
        heard = await events(response, 2)
    assert [data["text"] for _id, data in heard] == ["one\n\ndata: forged", "two"]
    assert [event_id for event_id, _data in heard] == [str(data["id"]) for _id, data in heard]
    await house.say("three")
    again = {**headers, "Last-Event-ID": heard[0][0]}
    async with house.client.get("/chat/web/room/stream?after=0", headers=again) as response:
        assert [data["text"] for _id, data in await events(response, 2)] == ["two", "three"]


async def test_many_listeners_hear_the_same_and_no_more_than_there_is_room_for(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "STREAMS", 8)
    headers = house.bearer("eve")
    opened = [
        await house.client.get("/chat/web/room/stream?after=0", headers=headers) for _ in range(8)
    ]
    assert (await house.client.get("/chat/web/room/stream", headers=headers)).status == 429
    await house.say("hello")
    heard = await asyncio.gather(*(events(response, 1) for response in opened))
    assert {told[0][1]["text"] for told in heard} == {"hello"}
    for response in opened:
        response.close()


async def test_a_quiet_stream_is_kept_alive_and_ends_when_the_service_stops(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "KEEP_ALIVE", 0.02)
    response = await house.client.get("/chat/web/room/stream", headers=house.bearer("eve"))
    async with asyncio.timeout(5):
        assert await response.content.readline() == b"retry: 1000\n"
        await response.content.readline()
        assert (await response.content.readline()).startswith(b":")
        await house.web_log.close()
        await response.content.read()
