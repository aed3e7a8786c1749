"""The app's robot: tokens, groups, people, replies, and errors that are 403 or no JSON at all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import msgspec
import pytest

from bot.chat.dingtalk import Action, AppChannel, AppClient, Refused, RobotMessage, parse_message
from core.errors import DeliveryError
from core.http import HttpClient
from tests.bot.chat.dingtalk_case import Words, app_settings, clock_of, outgoing
from tests.sim.dingtalk import App, DingTalkSim, Group, User
from tests.sim.dingtalk.people import bot_message

ANN = User("0147", "Ann")


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
def client(sim: DingTalkSim, app: App, http: HttpClient) -> AppClient:
    return AppClient(app_settings(sim, app), http, clock_of(sim))


def heard(sim: DingTalkSim, app: App, group: Group, user: User = ANN) -> RobotMessage:
    body = msgspec.json.encode(bot_message(sim.world, app, group, user, "/help"))
    message = parse_message(body, clock_of(sim)())
    assert message is not None
    return message


async def test_a_group_message(client: AppClient, group: Group) -> None:
    receipt = await client.send_group(group.conversation_id, "标题", "a\nb")
    (message,) = group.messages
    assert (message.via, message.title, message.text) == ("openapi", "标题", "a  \nb")
    assert receipt.code == "200"
    assert receipt.text


async def test_the_channel_sends_every_part(
    sim: DingTalkSim, app: App, client: AppClient, group: Group
) -> None:
    channel = AppChannel(app_settings(sim, app), client, Words(("1", "a"), ("2", "b")))
    await channel.send(outgoing())
    assert [m.text for m in group.messages] == ["a", "b"]


async def test_a_refused_text_is_reduced(
    sim: DingTalkSim, app: App, client: AppClient, group: Group
) -> None:
    channel = AppChannel(app_settings(sim, app), client, Words())
    path = "/groupMessages/send"
    app.force("error", code="contain.notAllowed.text", status=400, path=path)
    await channel.send(outgoing())
    assert group.messages[0].title == "INC-3 critical"


async def test_fifteen_thousand_bytes_are_never_passed(client: AppClient, group: Group) -> None:
    await client.send_group(group.conversation_id, "标题", '磁盘 "满"\n' * 3000)
    assert group.messages[0].text.endswith("…（已截断）")


async def test_the_token_is_kept_and_renewed_in_time(
    sim: DingTalkSim, app: App, client: AppClient, group: Group
) -> None:
    async def send() -> str:
        await client.send_group(group.conversation_id, "t", "x")
        return app.token

    tokens = await asyncio.gather(send(), send(), send())
    first = app.token_expires_at
    assert len(set(tokens)) == 1
    await send()
    assert app.token_expires_at == first  # it was not asked for again
    sim.world.clock.advance(7200 - 299)
    await send()
    assert app.token_expires_at > first


async def test_a_token_that_the_platform_dropped_is_renewed_once(
    sim: DingTalkSim, app: App, client: AppClient, group: Group
) -> None:
    await client.send_group(group.conversation_id, "t", "x")
    sim.world.expire_token(app)
    await client.send_group(group.conversation_id, "t", "y")
    assert [m.text for m in group.messages] == ["x", "y"]
    app.force("error", code="InvalidAuthentication", status=400, times=2, path="/send")
    with pytest.raises(Refused) as refused:
        await client.send_group(group.conversation_id, "t", "z")
    assert refused.value.retryable
    await client.send_group(group.conversation_id, "t", "z")


async def test_wrong_credentials_are_for_a_person_to_mend(
    sim: DingTalkSim, app: App, http: HttpClient, group: Group
) -> None:
    client = AppClient(app_settings(sim, app, client_secret="wrong-secret"), http)
    with pytest.raises(Refused) as refused:
        await client.send_group(group.conversation_id, "t", "x")
    assert (refused.value.code, refused.value.action) == (
        "invalidClientIdOrSecret",
        Action.CONFIGURE,
    )
    assert "wrong-secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("code", "status", "action", "after"),
    [
        ("Forbidden.AccessDenied.QpsLimitForAppkeyAndApi", 403, Action.WAIT, 1),
        ("Forbidden.AccessDenied.QpsLimitForApi", 403, Action.WAIT, 1),
        ("Forbidden.AccessDenied.QpmLimitForAppkeyAndApi", 403, Action.WAIT, 60),
        ("Forbidden.AccessDenied.ApiCountLimitForOrg", 403, Action.CONFIGURE, None),
        ("Forbidden.AccessDenied.IpNotInWhiteList", 403, Action.CONFIGURE, None),
        ("send.too.fast", 400, Action.WAIT, 60),
        ("group.disbanded", 400, Action.GONE, None),
        ("system.busy", 500, Action.RETRY, None),
        ("never.heard.of", 500, Action.RETRY, None),
        ("never.heard.of", 400, Action.CONFIGURE, None),
    ],
)
async def test_errors_are_known_by_their_code(
    client: AppClient,
    app: App,
    group: Group,
    code: str,
    status: int,
    action: Action,
    after: float | None,
) -> None:
    app.force("error", code=code, status=status, message="不行", path="/groupMessages/send")
    with pytest.raises(Refused) as refused:
        await client.send_group(group.conversation_id, "t", "x")
    assert (refused.value.code, refused.value.text) == (code, "不行")
    assert (refused.value.action, refused.value.retry_after) == (action, after)
    assert refused.value.unknown_outcome is (status == 500)


async def test_a_missing_scope_is_named(client: AppClient, app: App, group: Group) -> None:
    app.scopes.clear()
    with pytest.raises(Refused, match="qyapi_robot_sendmsg"):
        await client.send_group(group.conversation_id, "t", "x")


async def test_a_banned_ip_and_a_gateway_s_page_are_survived(
    client: AppClient, app: App, group: Group
) -> None:
    app.force("punish", path="/groupMessages/send")
    with pytest.raises(DeliveryError) as banned:
        await client.send_group(group.conversation_id, "t", "x")
    assert (banned.value.code, banned.value.retry_after) == ("punish", 300)
    app.force("html", status=200, path="/groupMessages/send")
    with pytest.raises(DeliveryError) as page:
        await client.send_group(group.conversation_id, "t", "x")
    assert page.value.retryable


async def test_people_who_are_not_reached_are_named(
    sim: DingTalkSim, app: App, client: AppClient
) -> None:
    sim.world.add_user(User("slow", "慢"))
    app.flow_controlled.add("slow")
    reached = await client.send_person(["0147", "nobody", "slow"], "t", "x")
    assert (reached.unknown, reached.slowed) == (("nobody",), ("slow",))
    assert [m.text for m in sim.world.direct(app, ANN).messages] == ["x"]
    with pytest.raises(Refused) as nobody:
        await client.send_person(["nobody"], "t", "x")
    assert not nobody.value.retryable
    with pytest.raises(Refused) as later:
        await client.send_person(["slow"], "t", "x")
    assert later.value.retryable


async def test_more_people_than_one_call_takes(
    sim: DingTalkSim, app: App, client: AppClient
) -> None:
    people = [sim.world.add_user(User(f"u{n}", f"n{n}")) for n in range(45)]
    await client.send_person([user.staff_id for user in people], "t", "x")
    assert all(sim.world.direct(app, user).messages for user in people)


async def test_a_reply_goes_by_the_session(
    sim: DingTalkSim, app: App, client: AppClient, group: Group
) -> None:
    receipt = await client.reply(heard(sim, app, group), "## 答案\n二")
    (message,) = group.messages
    assert (message.via, message.title, message.text) == ("session", "答案", "## 答案  \n二")
    assert receipt.code == "0"


def expire(sim: DingTalkSim, _app: App) -> None:
    sim.world.expire_sessions()


def wait(sim: DingTalkSim, _app: App) -> None:
    sim.world.clock.advance(5401)


def break_it(_sim: DingTalkSim, app: App) -> None:
    app.force("drop", times=0, path="/robot/sendBySession")


@pytest.mark.parametrize("end", [expire, wait, break_it])
async def test_when_the_session_is_dead_the_group_hears_all_the_same(
    sim: DingTalkSim,
    app: App,
    client: AppClient,
    group: Group,
    end: Callable[[DingTalkSim, App], None],
) -> None:
    message = heard(sim, app, group)
    end(sim, app)
    await client.reply(message, "答案")
    assert [m.via for m in group.messages] == ["openapi"]


async def test_a_reply_in_a_chat_of_two_falls_back_to_the_person(
    sim: DingTalkSim, app: App, client: AppClient
) -> None:
    direct = sim.world.direct(app, ANN)
    message = heard(sim, app, direct)
    sim.world.expire_sessions()
    await client.reply(message, "答案")
    assert [m.text for m in direct.messages] == ["答案"]


async def test_a_reply_is_tried_a_little(
    sim: DingTalkSim, app: App, client: AppClient, group: Group
) -> None:
    app.force("html", status=502, path="/robot/sendBySession")
    await client.reply(heard(sim, app, group), "答案")
    assert [m.via for m in group.messages] == ["session"]


async def test_a_reply_that_a_filter_refuses_says_so(
    sim: DingTalkSim, app: App, client: AppClient, group: Group
) -> None:
    app.force("errcode", errcode=430102, path="/robot/sendBySession")
    await client.reply(heard(sim, app, group), "答案")
    assert group.messages[0].text.startswith("回答未能通过平台的内容检查")


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:1/robot/sendBySession", "http://[", "", "file:///etc/passwd"]
)
async def test_a_session_elsewhere_is_never_called(
    sim: DingTalkSim, app: App, client: AppClient, group: Group, address: str
) -> None:
    message = msgspec.structs.replace(heard(sim, app, group), session_webhook=address)
    await client.reply(message, "答案")
    assert [m.via for m in group.messages] == ["openapi"]


async def test_the_operator_s_host_must_match_in_full(
    sim: DingTalkSim, app: App, client: AppClient, group: Group
) -> None:
    good = heard(sim, app, group).session_webhook
    for address in (
        good.replace("127.0.0.1", "localhost"),
        good.replace("http://", "http://127.0.0.1@"),
        good.replace("http://", "https://"),
    ):
        message = msgspec.structs.replace(heard(sim, app, group), session_webhook=address)
        await client.reply(message, "答案")
    assert {m.via for m in group.messages} == {"openapi"}
