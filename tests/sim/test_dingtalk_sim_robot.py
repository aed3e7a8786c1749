"""The simulated custom robot refuses what the platform refuses, in its words."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
from yarl import URL

from tests.sim.dingtalk import DingTalkSim, Robot, User
from tests.sim.dingtalk.sign import sign

SECRET = "SEC" + "7" * 64
TEXT: dict[str, Any] = {"msgtype": "text", "text": {"content": "disk full"}}


@pytest.fixture
async def sim() -> AsyncIterator[DingTalkSim]:
    async with DingTalkSim() as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def robot(sim: DingTalkSim, **settings: Any) -> Robot:
    members = [User("0147", "Ann", mobile="13800001111")]
    return sim.world.add_robot(sim.world.add_group("ops", members), **settings)


async def send(
    http: aiohttp.ClientSession, url: str, body: dict[str, Any] = TEXT, **more: Any
) -> int:
    async with http.post(URL(url, encoded=True), **(more or {"json": body})) as answer:
        assert answer.status == 200
        return int((await answer.json())["errcode"])


async def test_the_signature_must_be_encoded_exactly_once(
    sim: DingTalkSim, http: aiohttp.ClientSession
) -> None:
    address = robot(sim, secret=SECRET).webhook
    now = int(time.time() * 1000)
    timestamp = next(str(now + n) for n in range(1000) if "+" in sign(SECRET, str(now + n)))
    raw = sign(SECRET, timestamp)
    once = quote(raw, safe="")
    assert await send(http, f"{address}&timestamp={timestamp}&sign={once}") == 0
    assert await send(http, f"{address}&timestamp={timestamp}&sign={raw}") == 310000
    twice = quote(once, safe="")
    assert await send(http, f"{address}&timestamp={timestamp}&sign={twice}") == 310000
    assert await send(http, address) == 310000
    seconds = timestamp[:-3]
    wrong_unit = quote(sign(SECRET, seconds), safe="")
    assert await send(http, f"{address}&timestamp={seconds}&sign={wrong_unit}") == 310000


async def test_what_is_refused_and_with_which_code(
    sim: DingTalkSim, http: aiohttp.ClientSession
) -> None:
    plain = robot(sim)
    assert await send(http, plain.webhook, {"msgtype": "image", "image": {}}) == 400105
    assert await send(http, plain.webhook, {"msgtype": "text"}) == 40035
    no_title = {"msgtype": "markdown", "markdown": {"text": "x"}}
    assert await send(http, plain.webhook, no_title) == 40035
    assert await send(http, plain.webhook, data=b'{"msgtype"') == 43004
    assert await send(
        http, plain.webhook, {"msgtype": "text", "text": {"content": "x" * 20000}}
    ) == (460101)
    assert await send(http, f"{sim.url}/robot/send?access_token=0") == 400101
    assert await send(http, robot(sim, keywords=["告警"]).webhook) == 310000
    assert await send(http, robot(sim, ip_allow=["10.0.0.0/8"]).webhook) == 310000
    assert await send(http, robot(sim, ip_allow=["127.0.0.1"]).webhook) == 0
    plain.group.dissolve()
    assert await send(http, plain.webhook) == 400013


async def test_the_twenty_first_in_a_minute_starts_ten_minutes_of_refusal(
    sim: DingTalkSim, http: aiohttp.ClientSession
) -> None:
    one = robot(sim)
    codes = [await send(http, one.webhook) for _ in range(22)]
    assert codes == [0] * 20 + [130101] * 2
    sim.world.clock.advance(599)
    assert await send(http, one.webhook) == 130101
    sim.world.clock.advance(2)
    assert await send(http, one.webhook) == 0
    assert len(one.group.messages) == 21


async def test_a_repeated_msg_uuid_is_stored_once(
    sim: DingTalkSim, http: aiohttp.ClientSession
) -> None:
    one = robot(sim)
    for uuid in ("a", "a", "b"):
        assert await send(http, one.webhook, TEXT | {"msgUuid": uuid}) == 0
    assert [m.msg_uuid for m in one.group.messages] == ["a", "b"]


async def test_only_a_number_in_the_text_is_mentioned(
    sim: DingTalkSim, http: aiohttp.ClientSession
) -> None:
    one = robot(sim)
    at = {"atMobiles": ["13800001111"]}
    await send(http, one.webhook, TEXT | {"at": at})
    written = {"msgtype": "text", "text": {"content": "disk full @13800001111"}, "at": at}
    await send(http, one.webhook, written)
    assert [m.mentions for m in one.group.messages] == [(), ("0147",)]
