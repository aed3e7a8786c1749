"""HTTP mode: what the platform posts is let in, what only looks so is not."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from aiohttp import web

from bot.chat.dingtalk import CallbackRefused, RobotCallback, RobotMessage, verify
from bot.chat.dingtalk import callback as room
from bot.chat.dingtalk.sign import sign, timestamp_ms
from core.config.channels import DingTalkApp
from core.errors import InvalidInput
from tests.bot.chat.dingtalk_case import NOW, app_settings, clock_of
from tests.sim.dingtalk import App, DingTalkSim, Forgery, Group, User

ANN = User("0147", "Ann")


class Receiver:
    """An address that takes callbacks, as the service's route does."""

    def __init__(self) -> None:
        self.callback: RobotCallback | None = None
        self.taken: list[RobotMessage | None] = []
        self.url = ""

    async def take(self, request: web.Request) -> web.Response:
        assert self.callback is not None
        try:
            self.taken.append(self.callback.accept(request.headers, await request.read()))
        except CallbackRefused as refused:
            return web.Response(status=401, text=str(refused))
        return web.Response()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/callback", receiver.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/callback"
    yield receiver
    await runner.cleanup()


@pytest.fixture
async def sim() -> AsyncIterator[DingTalkSim]:
    async with DingTalkSim() as running:
        yield running


@pytest.fixture
def group(sim: DingTalkSim) -> Group:
    return sim.world.add_group("ops", [ANN])


@pytest.fixture
def app(sim: DingTalkSim, group: Group, receiver: Receiver) -> App:
    app = sim.world.add_app(group=group, callback_url=receiver.url)
    receiver.callback = RobotCallback(app_settings(sim, app, mode="http"), clock_of(sim))
    return app


async def test_a_callback_of_the_platform(
    sim: DingTalkSim, app: App, group: Group, receiver: Receiver
) -> None:
    said = await sim.say(group, ANN, "/ack INC-1")
    assert said.deliveries[0].http_status == 200
    (message,) = receiver.taken
    assert message is not None
    assert (message.text, message.sender_staff_id) == ("/ack INC-1", "0147")


@pytest.mark.parametrize(
    "forgery",
    [
        Forgery(secret="another"),
        Forgery(secret=""),
        Forgery(headers={}),
        Forgery(age=3700),
        Forgery(age=-3700),
        Forgery(headers={"timestamp": "now", "sign": "x"}),
        Forgery(headers={"timestamp": "1", "sign": "x"}),
        Forgery(headers={"timestamp": "9" * 40, "sign": "x"}),
    ],
)
async def test_a_forgery_is_refused(
    sim: DingTalkSim, app: App, group: Group, receiver: Receiver, forgery: Forgery
) -> None:
    said = await sim.say(group, ANN, "/ack INC-1", forgery=forgery)
    assert said.deliveries[0].http_status == 401
    assert not receiver.taken


async def test_a_slow_clock_within_the_hour_is_fine(
    sim: DingTalkSim, app: App, group: Group
) -> None:
    said = await sim.say(group, ANN, "/help", forgery=Forgery(age=3500))
    assert said.deliveries[0].http_status == 200


async def test_a_signature_is_good_for_one_body(
    sim: DingTalkSim, app: App, group: Group, receiver: Receiver
) -> None:
    first = await sim.say(group, ANN, "/ack INC-1")
    overheard = Forgery(headers=first.deliveries[0].headers)
    another = await sim.say(group, ANN, "/resolve INC-1", forgery=overheard)
    assert another.deliveries[0].http_status == 401
    same_id = await sim.say(
        group, ANN, "/resolve INC-1", msg_id=first.deliveries[0].msg_id, forgery=overheard
    )
    assert same_id.deliveries[0].http_status == 401
    assert len(receiver.taken) == 1


def signed(body: dict[str, Any], at: datetime) -> tuple[dict[str, str], bytes]:
    timestamp = timestamp_ms(at)
    return {"timestamp": timestamp, "sign": sign("app-secret", timestamp)}, json.dumps(
        body
    ).encode()


def settings() -> DingTalkApp:
    given = {
        "name": "a",
        "type": "dingtalk_app",
        "client_id": "ding1",
        "client_secret": "app-secret",
    }
    return DingTalkApp.model_validate(given)


def body(number: int = 1, **more: str) -> dict[str, Any]:
    return {
        "msgId": f"m{number}",
        "conversationId": "cid",
        "robotCode": "ding1",
        "chatbotCorpId": "corp1",
        **more,
    }


def test_the_same_request_twice_is_the_same_message() -> None:
    callback = RobotCallback(settings(), lambda: NOW)
    request = signed(body(), NOW)
    assert callback.accept(*request) == callback.accept(*request)


def test_another_robot_or_organisation_is_refused() -> None:
    callback = RobotCallback(settings(), lambda: NOW)
    callback.accept(*signed(body(1), NOW))
    later = NOW + timedelta(milliseconds=1)
    with pytest.raises(CallbackRefused, match="another robot"):
        callback.accept(*signed(body(2, robotCode="ding2"), later))
    with pytest.raises(CallbackRefused, match="another organisation"):
        callback.accept(*signed(body(3, chatbotCorpId="corp2"), later))
    assert callback.accept(*signed(body(4), later)) is not None


def test_a_probe_is_no_message_and_no_error() -> None:
    assert RobotCallback(settings(), lambda: NOW).accept(*signed({}, NOW)) is None


def test_a_signed_body_that_is_no_json_is_bad_input() -> None:
    headers, _ = signed({}, NOW)
    with pytest.raises(InvalidInput):
        RobotCallback(settings(), lambda: NOW).accept(headers, b"{oops")


def test_no_secret_verifies_nothing() -> None:
    timestamp = timestamp_ms(NOW)
    with pytest.raises(CallbackRefused):
        verify({"timestamp": timestamp, "sign": sign("", timestamp)}, "", NOW)


def test_what_is_remembered_is_bounded_and_nothing_older_gets_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(room, "MAX_SEEN", 10)
    callback = RobotCallback(settings(), lambda: NOW)
    moments = [NOW + timedelta(milliseconds=n) for n in range(20)]
    for number, moment in enumerate(moments):
        assert callback.accept(*signed(body(number), moment)) is not None
    with pytest.raises(CallbackRefused):
        callback.accept(*signed(body(99), moments[0]))  # forgotten
    with pytest.raises(CallbackRefused):
        callback.accept(*signed(body(99), moments[15]))  # remembered


def test_what_is_over_an_hour_old_is_forgotten() -> None:
    now = [NOW]
    callback = RobotCallback(settings(), lambda: now[0])
    callback.accept(*signed(body(1), NOW))
    now[0] = NOW + timedelta(minutes=61)
    callback.accept(*signed(body(2), now[0]))
    with pytest.raises(CallbackRefused, match="over an hour"):
        callback.accept(*signed(body(3), NOW))
