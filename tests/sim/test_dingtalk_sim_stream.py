"""The simulated stream gateway, and the official client against it."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.sim.dingtalk import App, DingTalkSim, Group, User, wait_for
from tests.sim.dingtalk.connection import Ack, parse_ack

ANN = User("0147", "Ann")
OPEN = "/v1.0/gateway/connections/open"
BOT = {"type": "CALLBACK", "topic": "/v1.0/im/bot/messages/get"}


@pytest.fixture
async def sim() -> AsyncIterator[DingTalkSim]:
    async with DingTalkSim() as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def group(sim: DingTalkSim) -> Group:
    return sim.world.add_group("ops", [ANN])


@pytest.fixture
def app(sim: DingTalkSim, group: Group) -> App:
    return sim.world.add_app(group=group)


def wanted(app: App, **changes: Any) -> dict[str, Any]:
    given = {"clientId": app.client_id, "clientSecret": app.client_secret, "subscriptions": [BOT]}
    return given | changes


async def open_one(sim: DingTalkSim, http: aiohttp.ClientSession, app: App) -> dict[str, str]:
    headers = {"Accept": "application/json"}
    async with http.post(sim.url + OPEN, json=wanted(app), headers=headers) as answer:
        assert answer.status == 200
        told: dict[str, str] = await answer.json()
        return told


async def connected(
    sim: DingTalkSim, http: aiohttp.ClientSession, app: App
) -> aiohttp.ClientWebSocketResponse:
    told = await open_one(sim, http, app)
    return await http.ws_connect(told["endpoint"], params={"ticket": told["ticket"]})


async def test_the_official_client_connects_hears_acknowledges_and_replies(
    sim: DingTalkSim, app: App, group: Group
) -> None:
    program = Path(__file__).with_name("dingtalk_sdk_bot.py")
    bot = await asyncio.create_subprocess_exec(
        sys.executable,
        str(program),
        app.client_id,
        app.client_secret,
        env={**os.environ, "DINGTALK_OPENAPI_ENDPOINT": sim.url},
    )
    try:
        await wait_for(lambda: sim.gateway.connections(app), timeout=20)
        said = await sim.say(group, ANN, "你好 /help")
        await wait_for(lambda: said.deliveries[0].acked and group.messages, timeout=10)
        assert group.messages[0].text == "heard 你好 /help"
        assert group.messages[0].via == "session"
        (connection,) = sim.gateway.connections(app)
        await connection.ping()
        await wait_for(lambda: connection.pongs == 1)
        await sim.gateway.disconnect(app)
        await wait_for(lambda: sim.gateway.opened == 2, timeout=10)
        await wait_for(lambda: any(c.delivering for c in sim.gateway.connections(app)))
        again = await sim.say(group, ANN, "再来")
        await wait_for(lambda: again.deliveries[0].acked, timeout=10)
        assert sim.world.violations == []
    finally:
        bot.kill()
        await bot.wait()


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"clientSecret": "wrong"}, 401, "authFailed"),
        ({"clientId": "nobody"}, 401, "authFailed"),
        ({"subscriptions": []}, 400, "invalidParameter.subscriptions"),
        (
            {"subscriptions": [{"type": "EVENT", "topic": "x"}]},
            400,
            "invalidParameter.subscriptions",
        ),
    ],
)
async def test_a_connection_is_opened_only_with_credentials_and_known_topics(
    sim: DingTalkSim,
    http: aiohttp.ClientSession,
    app: App,
    changes: dict[str, Any],
    status: int,
    code: str,
) -> None:
    headers = {"Accept": "application/json"}
    async with http.post(sim.url + OPEN, json=wanted(app, **changes), headers=headers) as answer:
        assert answer.status == status
        assert (await answer.json())["code"] == code


async def test_who_does_not_accept_json_gets_xml(
    sim: DingTalkSim, http: aiohttp.ClientSession, app: App
) -> None:
    async with http.post(sim.url + OPEN, json=wanted(app), headers={"Accept": "*/*"}) as answer:
        assert answer.content_type == "application/xml"


async def test_a_ticket_is_good_for_one_connection_and_ninety_seconds(
    sim: DingTalkSim, http: aiohttp.ClientSession, app: App
) -> None:
    told = await open_one(sim, http, app)
    async with http.ws_connect(told["endpoint"], params={"ticket": told["ticket"]}):
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await http.ws_connect(told["endpoint"], params={"ticket": told["ticket"]})
    late = await open_one(sim, http, app)
    sim.world.clock.advance(91)
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await http.ws_connect(late["endpoint"], params={"ticket": late["ticket"]})
    assert sim.gateway.refused == 2


async def test_without_an_ack_it_comes_again_with_another_message_id(
    sim: DingTalkSim, http: aiohttp.ClientSession, app: App, group: Group
) -> None:
    sim.world.rules.ping_interval = 0
    async with await connected(sim, http, app) as socket:
        await sim.say(group, ANN, "/help")
        first = await socket.receive_json(timeout=2)
        sim.world.clock.advance(60)
        again = await socket.receive_json(timeout=2)
        assert json.loads(first["data"]) == json.loads(again["data"])
        assert first["headers"]["messageId"] != again["headers"]["messageId"]
        body = json.loads(first["data"])
        assert body["text"]["content"] == " /help"
        assert body["atUsers"] == [{"dingtalkId": app.chatbot_user_id}]


async def test_nobody_connected_means_that_it_is_lost(
    sim: DingTalkSim, group: Group, app: App
) -> None:
    said = await sim.say(group, ANN, "/help")
    assert said.deliveries[0].lost


async def test_only_those_who_are_mentioned_hear(sim: DingTalkSim, group: Group, app: App) -> None:
    other = sim.world.add_app(group=group)
    assert (await sim.say(group, ANN, "x", mention=False)).deliveries == []
    assert [d.app for d in (await sim.say(group, ANN, "x", to=other)).deliveries] == [other]
    assert [d.app for d in (await sim.say(group, ANN, "x")).deliveries] == [app, other]


GOOD: dict[str, Any] = {
    "code": 200,
    "headers": {"contentType": "application/json", "messageId": "m1"},
    "message": "OK",
    "data": '{"response": null}',
}


@pytest.mark.parametrize(
    ("changes", "understood"),
    [
        ({}, True),
        ({"message": ""}, True),
        ({"code": 404}, True),
        ({"headers": {}}, True),
        ({"data": {"response": None}}, False),
        ({"data": "null"}, False),
        ({"data": "oops"}, False),
        ({"code": "200"}, False),
        ({"headers": None}, False),
    ],
)
def test_an_ack_is_read_strictly(changes: dict[str, Any], understood: bool) -> None:
    assert isinstance(parse_ack(json.dumps(GOOD | changes)), Ack) is understood
