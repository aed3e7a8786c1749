"""The custom robot's channel against a platform that enforces its rules."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import structlog.testing

from bot.chat.dingtalk import Action, Refused, RobotChannel
from bot.chat.dingtalk.parts import Render
from core.errors import DeliveryError
from core.http import HttpClient
from tests.bot.chat.dingtalk_case import Words, clock_of, outgoing, robot_settings
from tests.sim.dingtalk import DingTalkSim, Robot, User

SECRET = "SEC" + "7" * 64


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
def robot(sim: DingTalkSim) -> Robot:
    return sim.world.add_robot(sim.world.add_group("ops", [User("0147", "李伟")]), secret=SECRET)


def channel(
    sim: DingTalkSim,
    robot: Robot,
    http: HttpClient,
    render: Render | None = None,
    **settings: object,
) -> RobotChannel:
    return RobotChannel(robot_settings(robot, **settings), http, render or Words(), clock_of(sim))


async def test_a_signed_message_is_shown_once_with_its_receipt(
    sim: DingTalkSim, robot: Robot, http: HttpClient
) -> None:
    receipt = await channel(sim, robot, http).send(outgoing("k1"))
    assert (receipt.code, receipt.text) == ("0", "ok")
    (message,) = robot.group.messages
    assert (message.msgtype, message.title) == ("markdown", "磁盘将满")
    assert message.msg_uuid == "k1"


async def test_each_attempt_has_a_signature_of_its_own(
    sim: DingTalkSim, robot: Robot, http: HttpClient
) -> None:
    """Also when the address in the settings was copied with a signature of last year."""
    old = f"{robot.webhook}&timestamp=1577262236757&sign=old%3D"
    sending = channel(sim, robot, http, webhook=old)
    await sending.send(outgoing("k1"))
    sim.world.clock.advance(4000)  # a signature is good for an hour
    await sending.send(outgoing("k2"))
    assert len(robot.group.messages) == 2


async def test_a_robot_without_a_secret_is_not_signed(sim: DingTalkSim, http: HttpClient) -> None:
    robot = sim.world.add_robot(sim.world.add_group("ops"), keywords=["告警"])
    await channel(sim, robot, http).send(outgoing())
    (message,) = robot.group.messages
    assert message.title == "磁盘将满 告警"
    assert message.text == "#### 磁盘将满\n\n告警"


async def test_a_keyword_that_is_there_already_is_not_added(
    sim: DingTalkSim, http: HttpClient
) -> None:
    robot = sim.world.add_robot(sim.world.add_group("ops"), keywords=["告警", "磁盘"])
    await channel(sim, robot, http).send(outgoing())
    assert robot.group.messages[0].text == "#### 磁盘将满"


@pytest.mark.parametrize(
    ("settings", "errcode"),
    [
        ({"secret": "SEC" + "8" * 64}, "310000"),
        ({"secret": ""}, "310000"),
    ],
)
async def test_a_wrong_secret_is_for_a_person_to_mend(
    sim: DingTalkSim, robot: Robot, http: HttpClient, settings: dict[str, Any], errcode: str
) -> None:
    with pytest.raises(Refused) as refused:
        await channel(sim, robot, http, **settings).send(outgoing())
    assert refused.value.code == errcode
    assert "签名不匹配" in refused.value.text
    assert refused.value.action is Action.CONFIGURE
    assert not refused.value.retryable
    assert not robot.group.messages


async def test_an_errcode_is_a_refusal_whatever_the_http_status(
    sim: DingTalkSim, robot: Robot, http: HttpClient
) -> None:
    sim.world.rules.errcode_as_text = True
    sending = channel(sim, robot, http)
    await sending.send(outgoing("k1"))
    robot.disable()
    with pytest.raises(Refused) as stopped:
        await sending.send(outgoing("k2"))
    assert (stopped.value.code, stopped.value.action) == ("400102", Action.CONFIGURE)
    robot.remove()
    with pytest.raises(Refused) as removed:
        await sending.send(outgoing("k3"))
    assert (removed.value.code, removed.value.action) == ("400106", Action.GONE)
    robot.enable()
    robot.force("errcode", errcode=-1)
    with pytest.raises(Refused) as busy:
        await sending.send(outgoing("k4"))
    assert busy.value.retryable
    robot.force("errcode", errcode=987654, errmsg="新的错误")
    with pytest.raises(Refused) as unheard:
        await sending.send(outgoing("k5"))
    assert (unheard.value.code, unheard.value.text) == ("987654", "新的错误")
    assert unheard.value.retryable


async def test_the_twenty_first_message_waits_ten_minutes(
    sim: DingTalkSim, robot: Robot, http: HttpClient
) -> None:
    sending = channel(sim, robot, http)
    for number in range(20):
        await sending.send(outgoing(f"k{number}"))
    with pytest.raises(Refused) as refused:
        await sending.send(outgoing("k20"))
    assert (refused.value.code, refused.value.retry_after) == ("130101", 600)
    calls = robot.calls
    sim.world.clock.advance(300)
    with pytest.raises(Refused) as again:
        await sending.send(outgoing("k20"))
    assert again.value.retry_after == pytest.approx(300, abs=5)
    assert robot.calls == calls  # the platform was not asked in vain
    sim.world.clock.advance(301)
    await sending.send(outgoing("k20"))
    assert len(robot.group.messages) == 21


async def test_no_answer_after_it_was_stored_shows_it_once(
    sim: DingTalkSim, robot: Robot, http: HttpClient
) -> None:
    robot.force("drop_after")
    sending = channel(sim, robot, http)
    with pytest.raises(DeliveryError) as broken:
        await sending.send(outgoing("k1"))
    assert broken.value.unknown_outcome
    assert broken.value.retryable
    assert len(robot.group.messages) == 1
    await sending.send(outgoing("k1"))
    assert len(robot.group.messages) == 1


async def test_a_page_of_a_gateway_is_no_success(
    sim: DingTalkSim, robot: Robot, http: HttpClient
) -> None:
    sending = channel(sim, robot, http)
    for status, may_be_there in ((502, True), (200, True), (403, False)):
        robot.force("html", status=status)
        with pytest.raises(DeliveryError) as error:
            await sending.send(outgoing("k1"))
        assert error.value.code == str(status)
        assert error.value.retryable
        assert error.value.unknown_outcome is may_be_there
    robot.force("punish")
    with pytest.raises(DeliveryError) as banned:
        await sending.send(outgoing("k1"))
    assert banned.value.retry_after == 300


async def test_twenty_thousand_bytes_are_never_passed(
    sim: DingTalkSim, robot: Robot, http: HttpClient
) -> None:
    words = Words(("标题", "\n".join(f'- 日志 "{n}" 磁盘满' for n in range(3000))))
    await channel(sim, robot, http, words).send(outgoing())
    assert robot.group.messages[0].text.endswith("…（已截断，/show INC-3 查看全文）")


async def test_content_that_is_refused_goes_out_reduced(
    sim: DingTalkSim, robot: Robot, http: HttpClient
) -> None:
    robot.force("errcode", errcode=430102, errmsg="不合适的文本")
    receipt = await channel(sim, robot, http).send(outgoing("k1"))
    (message,) = robot.group.messages
    assert message.title == "INC-3 critical"
    assert message.text.startswith("**INC-3**（critical）")
    assert message.msg_uuid == "k1-reduced"
    assert "430102: 不合适的文本" in receipt.text


async def test_content_that_is_refused_twice_is_given_up(
    sim: DingTalkSim, robot: Robot, http: HttpClient
) -> None:
    robot.force("errcode", errcode=430101, times=2)
    with pytest.raises(Refused) as refused:
        await channel(sim, robot, http, language="en").send(outgoing("k1"))
    assert not refused.value.retryable


async def test_a_split_message_goes_on_where_it_stopped(
    sim: DingTalkSim, robot: Robot, http: HttpClient
) -> None:
    words = Words(("1/3", "a"), ("2/3", "b"), ("3/3", "c"))
    sending = channel(sim, robot, http, words)
    robot.force("delay", seconds=0)
    robot.force("errcode", errcode=-1)
    with pytest.raises(Refused):
        await sending.send(outgoing("k1"))
    words.parts = Words(("1/1", "another split")).parts
    calls = robot.calls
    await sending.send(outgoing("k1"))
    assert [m.text for m in robot.group.messages] == ["a", "b", "c"]
    assert [m.msg_uuid for m in robot.group.messages] == ["k1-1", "k1-2", "k1-3"]
    assert robot.calls - calls == 2


async def test_a_merged_message_is_not_the_one_that_was_begun(
    sim: DingTalkSim, robot: Robot, http: HttpClient
) -> None:
    words = Words(("1/2", "a"), ("2/2", "b"))
    sending = channel(sim, robot, http, words)
    robot.force("delay", seconds=0)
    robot.force("errcode", errcode=-1)
    with pytest.raises(Refused):
        await sending.send(outgoing("k1"))
    words.parts = Words(("digest", "all")).parts
    await sending.send(outgoing("k1", alerts=5))
    assert [m.text for m in robot.group.messages] == ["a", "all"]


async def test_no_secret_is_told(sim: DingTalkSim, robot: Robot, http: HttpClient) -> None:
    sending = channel(sim, robot, http)
    said = []
    with structlog.testing.capture_logs() as logs:
        for kind in ("drop", "html", "errcode", "punish"):
            robot.force(kind, errmsg=f"bad {robot.webhook}")
            with pytest.raises(DeliveryError) as error:
                await sending.send(outgoing())
            sim.world.clock.advance(601)
            said += [str(error.value), repr(error.value), error.value.text]
    shown = " ".join([*said, repr(sending), repr(logs)])
    assert robot.token not in shown
    assert SECRET not in shown
