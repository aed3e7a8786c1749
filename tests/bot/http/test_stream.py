"""The live stream: what changes, until someone is too slow, too many, or not known any more."""

from __future__ import annotations

import asyncio

import pytest

from bot.http.problem import TooMany
from bot.http.routes import live
from bot.http.stream import KEEP_ALIVE, LISTENERS, PER_CLIENT, QUEUE, Feed
from tests.bot.http.house import House, bearer


async def test_changes_come_as_they_happen(house: House) -> None:
    async with house.client.get("/api/v1/stream", headers=bearer("viewer")) as answer:
        assert answer.status == 200
        assert answer.content_type == "text/event-stream"
        assert await answer.content.readuntil(b"\n\n") == b"retry: 3000\n\n"
        house.parts.feed.publish("incident", {"id": "INC-1", "title": "a\nb"})
        chunk = await answer.content.readuntil(b"\n\n")
        assert chunk == b'event: incident\ndata: {"id":"INC-1","title":"a\\nb"}\n\n'


async def test_the_service_ends_its_streams_when_it_stops(house: House) -> None:
    async with house.client.get("/api/v1/stream", headers=bearer("viewer")) as answer:
        await answer.content.readuntil(b"\n\n")
        house.parts.feed.close()
        assert await answer.content.read() == b""
    async with house.client.get("/api/v1/stream", headers=bearer("viewer")) as answer:
        await answer.content.read()


async def test_a_stream_ends_when_its_token_does(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "SILENCE", 0.01)
    async with house.client.get("/api/v1/stream", headers=bearer("viewer")) as answer:
        await answer.content.readuntil(KEEP_ALIVE)
        async with asyncio.timeout(10):
            house.auth._known = {}
            while await answer.content.readany():
                house.auth._known = {}  # the tokens may have just been read again


async def test_a_client_has_only_so_many_streams(house: House) -> None:
    feed = house.parts.feed
    held = [feed.listen("viewer") for _ in range(PER_CLIENT)]
    for one in held:
        one.__enter__()
    status, problem = await house.call("GET", "/api/v1/stream", "viewer")
    assert status == 429
    assert "streams" in problem["detail"]
    for one in held:
        one.__exit__(None, None, None)
    async with house.client.get("/api/v1/stream", headers=bearer("viewer")) as answer:
        assert answer.status == 200


async def test_one_who_reads_too_slowly_is_let_go() -> None:
    feed = Feed()
    with feed.listen("slow") as slow, feed.listen("quick") as quick:
        for i in range(QUEUE + 1):
            feed.publish("incident", {"n": i})
            assert await quick.next(1) is not None
        assert await slow.next(1) is None
        assert await quick.next(0.001) == KEEP_ALIVE
    assert not feed.listening


async def test_there_are_only_so_many_listeners() -> None:
    feed = Feed()
    held = [feed.listen(str(i)) for i in range(LISTENERS)]
    for one in held:
        one.__enter__()
    with pytest.raises(TooMany), feed.listen("one more"):
        pass
    for one in held:
        one.__exit__(None, None, None)
    assert not feed._by_client
