"""Stream mode against a gateway that disconnects, redelivers, goes silent and breaks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import pytest
import structlog.testing

from bot.chat.dingtalk import RobotMessage, StreamClient
from bot.chat.dingtalk import stream as room
from bot.chat.dingtalk.backoff import Backoff
from core.errors import Conflict, StoreError
from core.http import HttpClient
from tests.bot.chat.dingtalk_case import app_settings, clock_of
from tests.sim.dingtalk import App, DingTalkSim, Group, Twist, TwistKind, User, wait_for

ANN = User("0147", "Ann")


class Ear:
    """Takes messages; `behave` is what it does with each."""

    def __init__(self) -> None:
        self.heard: list[RobotMessage] = []
        self.behave: Callable[[], Awaitable[None]] | None = None

    async def __call__(self, message: RobotMessage) -> None:
        self.heard.append(message)
        if self.behave is not None:
            await self.behave()


@pytest.fixture
async def sim() -> AsyncIterator[DingTalkSim]:
    async with DingTalkSim() as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[HttpClient]:
    client = HttpClient()
    yield client
    await client.close()


@pytest.fixture
def group(sim: DingTalkSim) -> Group:
    return sim.world.add_group("ops", [ANN])


@pytest.fixture
def app(sim: DingTalkSim, group: Group) -> App:
    return sim.world.add_app(group=group)


@pytest.fixture
def ear() -> Ear:
    return Ear()


@pytest.fixture
async def client(
    sim: DingTalkSim, app: App, http: HttpClient, ear: Ear
) -> AsyncIterator[StreamClient]:
    client = StreamClient(app_settings(sim, app), http, ear, clock_of(sim))
    await client.start()
    await wait_for(lambda: client.connected)
    yield client
    await client.stop()
    assert sim.world.violations == []


async def test_a_message_comes_in_and_is_acknowledged(
    sim: DingTalkSim, client: StreamClient, group: Group, ear: Ear
) -> None:
    said = await sim.say(group, ANN, "/ack INC-1")
    await wait_for(lambda: said.deliveries[0].acked)
    assert said.deliveries[0].answer == {"response": None}
    (message,) = ear.heard
    assert (message.text, message.sender_staff_id) == ("/ack INC-1", "0147")
    assert message.msg_id == said.deliveries[0].msg_id
    sim.world.clock.advance(61)
    await asyncio.sleep(0.02)
    assert len(said.deliveries[0].pushes) == 1


async def test_slow_work_delays_no_acknowledgement(
    sim: DingTalkSim, client: StreamClient, group: Group, ear: Ear
) -> None:
    done = asyncio.Event()

    async def slow() -> None:
        await done.wait()

    ear.behave = slow
    began = time.monotonic()
    first = await sim.say(group, ANN, "/ask 为什么")
    second = await sim.say(group, ANN, "/ack INC-1")
    await wait_for(lambda: first.deliveries[0].acked and second.deliveries[0].acked)
    assert time.monotonic() - began < 2.5
    assert len(ear.heard) == 2  # the second did not wait for the first
    done.set()


async def test_what_the_store_could_not_take_comes_again(
    sim: DingTalkSim, client: StreamClient, group: Group, ear: Ear
) -> None:
    async def full() -> None:
        raise StoreError("the disk is full")

    ear.behave = full
    said = await sim.say(group, ANN, "/ack INC-1")
    await wait_for(lambda: ear.heard)
    await asyncio.sleep(0.02)
    assert not said.deliveries[0].acked
    ear.behave = None
    sim.world.clock.advance(60)
    await wait_for(lambda: said.deliveries[0].acked)
    first, again = ear.heard
    assert first.msg_id == again.msg_id  # which is how the caller knows it
    assert len(set(said.deliveries[0].pushes)) == 2


@pytest.mark.parametrize("error", [Conflict("no"), ZeroDivisionError()])
async def test_what_would_fail_again_is_acknowledged(
    sim: DingTalkSim, client: StreamClient, group: Group, ear: Ear, error: Exception
) -> None:
    async def fail() -> None:
        raise error

    ear.behave = fail
    said = await sim.say(group, ANN, "/ack INC-1")
    await wait_for(lambda: said.deliveries[0].acked)


async def test_what_is_too_much_at_once_comes_again(
    sim: DingTalkSim,
    client: StreamClient,
    group: Group,
    ear: Ear,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(room, "_MAX_IN_HAND", 2)
    done = asyncio.Event()

    async def slow() -> None:
        await done.wait()

    ear.behave = slow
    first = await sim.say(group, ANN, "/ask 一")
    await wait_for(lambda: ear.heard)
    with structlog.testing.capture_logs() as logs:
        second = await sim.say(group, ANN, "/ask 二")
        await wait_for(lambda: [entry["event"] for entry in logs] == ["dingtalk_message_postponed"])
    done.set()
    await wait_for(lambda: first.deliveries[0].acked)
    assert not second.deliveries[0].acked
    sim.world.clock.advance(60)
    await wait_for(lambda: second.deliveries[0].acked)
    assert [m.text for m in ear.heard] == ["/ask 一", "/ask 二"]


async def test_a_lost_frame_comes_again(
    sim: DingTalkSim, client: StreamClient, app: App, group: Group, ear: Ear
) -> None:
    app.frame_twists.append(Twist(TwistKind.DROP))
    said = await sim.say(group, ANN, "/help")
    sim.world.clock.advance(60)
    await wait_for(lambda: said.deliveries[0].acked)
    assert len(ear.heard) == 1


async def test_a_doubled_frame_is_handed_on_twice_with_one_id(
    sim: DingTalkSim, client: StreamClient, app: App, group: Group, ear: Ear
) -> None:
    app.frame_twists.append(Twist(TwistKind.DUPLICATE))
    await sim.say(group, ANN, "/help")
    await wait_for(lambda: len(ear.heard) == 2)
    assert len({message.msg_id for message in ear.heard}) == 1


async def test_pings_are_answered(sim: DingTalkSim, client: StreamClient, app: App) -> None:
    (connection,) = sim.gateway.connections(app)
    await connection.ping()
    await wait_for(lambda: connection.pongs == 1)


async def test_frames_of_every_kind_break_nothing(
    sim: DingTalkSim, client: StreamClient, app: App, group: Group, ear: Ear
) -> None:
    (connection,) = sim.gateway.connections(app)
    for raw in ("{oops", "[]", "null", "{}", '{"type":"SYSTEM","headers":7,"data":7}', '"x"'):
        await connection.push_raw(raw)
    await connection.push("SYSTEM", "KEEPALIVE", {})
    await connection.push_raw('{"type":"SYSTEM","headers":{"topic":"ping"}}')
    without_text = {"msgtype": "picture", "content": {"downloadCode": "x"}}
    picture = await sim.say(group, ANN, "", content=without_text)
    await wait_for(lambda: picture.deliveries[0].acked)
    assert ear.heard[0].text == ""
    sim.world.rules.monthly_quota = 1
    spent = await sim.say(group, ANN, "/help")
    assert "text" not in spent.deliveries[0].data
    await wait_for(lambda: spent.deliveries[0].acked)
    long = await sim.say(group, ANN, "长" * 100_000)
    await wait_for(lambda: long.deliveries[0].acked)
    assert client.connected
    assert sim.world.violations == ["data is 'null', not a string that holds a JSON object"]
    sim.world.violations.clear()


async def test_topics_that_nobody_asked_for_are_acknowledged(
    sim: DingTalkSim, client: StreamClient, app: App
) -> None:
    (connection,) = sim.gateway.connections(app)
    connection.subscriptions |= {("EVENT", "*"), ("CALLBACK", "/v1.0/graph/api/invoke")}
    event = await sim.event(app, "chat_update_title", {"title": "x"})
    await wait_for(lambda: event.acked)
    assert event.answer == {"status": "SUCCESS"}


async def test_a_disconnect_opens_the_new_connection_first(
    sim: DingTalkSim, client: StreamClient, app: App, group: Group, ear: Ear
) -> None:
    (old,) = sim.gateway.connections(app)
    began = time.monotonic()
    await sim.gateway.disconnect(app)
    await wait_for(lambda: sim.gateway.opened == 2 and client.connected)
    assert time.monotonic() - began < 0.9
    await wait_for(lambda: not old.open)
    said = await sim.say(group, ANN, "/help")
    await wait_for(lambda: said.deliveries[0].acked)
    assert sim.gateway.refused == 0


@pytest.mark.parametrize("abrupt", [False, True])
async def test_a_closed_connection_is_opened_again(
    sim: DingTalkSim, client: StreamClient, app: App, group: Group, abrupt: bool
) -> None:
    await sim.gateway.close_connections(app, abrupt=abrupt)
    await wait_for(lambda: sim.gateway.opened == 2 and client.connected)
    said = await sim.say(group, ANN, "/help")
    await wait_for(lambda: said.deliveries[0].acked)


async def test_a_socket_without_frames_is_given_up(
    sim: DingTalkSim, client: StreamClient, app: App, group: Group
) -> None:
    """A zombie answers WebSocket pings and carries nothing; a machine's sleep looks the same."""
    sim.gateway.make_zombies(app)
    sim.world.rules.ping_interval = 0
    sim.world.clock.advance(91)
    await wait_for(lambda: sim.gateway.opened == 2 and client.connected)
    said = await sim.say(group, ANN, "/help")
    await wait_for(lambda: said.deliveries[0].acked)


async def test_a_quiet_socket_with_pings_is_kept(
    sim: DingTalkSim, client: StreamClient, app: App
) -> None:
    (connection,) = sim.gateway.connections(app)
    for number in range(1, 6):
        sim.world.clock.advance(20)
        await wait_for(lambda: connection.pongs >= number)  # noqa: B023 - called at once
    await asyncio.sleep(1.1)  # longer than the watchdog looks away
    assert sim.gateway.opened == 1


async def test_a_gateway_that_refuses_is_asked_ever_less(
    sim: DingTalkSim, app: App, http: HttpClient, ear: Ear
) -> None:
    client = StreamClient(app_settings(sim, app, client_secret="wrong"), http, ear)
    with structlog.testing.capture_logs() as logs:
        await client.start()
        await wait_for(lambda: len(logs) == 2)  # at once, then after a second
        assert client.problem == "authFailed: 鉴权失败"
        assert not client.connected
        await client.stop()
    assert {entry["event"] for entry in logs} == {"dingtalk_stream_unreachable"}
    assert client.problem == "stopped"


async def test_no_ticket_and_no_secret_in_the_log(
    sim: DingTalkSim, app: App, http: HttpClient, ear: Ear
) -> None:
    client = StreamClient(app_settings(sim, app), http, ear)
    sim.world.rules.ticket_seconds = -1  # every handshake is refused
    with structlog.testing.capture_logs() as logs:
        await client.start()
        await wait_for(lambda: sim.gateway.refused and logs)
        problem = client.problem
        await client.stop()
    assert problem == "gateway: the gateway refused the WebSocket with HTTP 401"
    assert "ticket=" not in repr(logs)
    assert app.client_secret not in repr(logs)


@pytest.mark.parametrize("state", ["connected", "busy", "zombie", "unreachable", "never started"])
async def test_it_stops_within_a_second(
    sim: DingTalkSim, app: App, group: Group, http: HttpClient, ear: Ear, state: str
) -> None:
    client = StreamClient(app_settings(sim, app), http, ear)
    if state == "unreachable":
        app.force("hang", times=0)
        await client.start()
        await asyncio.sleep(0.05)
    elif state != "never started":
        await client.start()
        await wait_for(lambda: client.connected)
    if state == "busy":
        ear.behave = asyncio.Event().wait  # type: ignore[assignment]
        await sim.say(group, ANN, "/ask")
        await wait_for(lambda: ear.heard)
    if state == "zombie":
        sim.gateway.make_zombies(app)
    began = time.monotonic()
    await client.stop()
    assert time.monotonic() - began < 1.0
    assert not client.connected
    await wait_for(lambda: not sim.gateway.connections(app))


async def test_of_two_clients_one_hears(
    sim: DingTalkSim, client: StreamClient, app: App, http: HttpClient, group: Group, ear: Ear
) -> None:
    """Why one runs only one: each message goes to one connection, chosen at random."""
    other = Ear()
    second = StreamClient(app_settings(sim, app), http, other)
    await second.start()
    await wait_for(lambda: len(sim.gateway.connections(app)) == 2)
    for number in range(30):
        await sim.say(group, ANN, f"/help {number}")
    await wait_for(lambda: len(ear.heard) + len(other.heard) == 30)
    assert ear.heard
    assert other.heard
    await second.stop()


def test_waits_grow_and_start_over() -> None:
    backoff = Backoff()
    waits = [backoff.next() for _ in range(20)]
    assert waits[0] == 0
    assert 1 <= waits[1] <= 1.2
    assert 2 <= waits[2] <= 2.4
    assert all(60 <= wait <= 72 for wait in waits[8:])
    backoff.reset()
    assert backoff.next() == 0


async def test_silence_is_a_setting(sim: DingTalkSim, app: App, http: HttpClient, ear: Ear) -> None:
    client = StreamClient(app_settings(sim, app), http, ear, silence=timedelta(seconds=0.1))
    await client.start()
    await wait_for(lambda: sim.gateway.opened == 2)
    await client.stop()
