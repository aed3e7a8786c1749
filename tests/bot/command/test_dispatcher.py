"""Who may do what, what cannot be done, and what is written down of it."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.command.last import LastIncidents
from bot.command.registry import COMMANDS
from bot.command.request import CommandRequest
from bot.render.pack import LIMIT
from core.errors import StoreError
from core.metrics import COMMANDS as COUNTER
from core.model.audit import Principal
from core.text import LANGUAGES, catalogue
from tests.bot.command.room import Room
from tests.bot.command.test_parser import garbage


def counted(command: str, outcome: str) -> float:
    return COUNTER.labels(command, outcome)._value.get()


async def test_every_command_is_audited_and_counted(room: Room) -> None:
    await room.happens("A")
    before = [counted("ack", outcome) for outcome in ("ok", "failed", "denied")]
    await room.say("/ack INC-1")
    await room.say("/ack INC-1")
    await room.say("/ack INC-1", name="wang.fang", role="viewer")
    after = [counted("ack", outcome) for outcome in ("ok", "failed", "denied")]
    assert [a - b for a, b in zip(after, before, strict=True)] == [1, 1, 1]
    entries = await room.audit()
    assert [(e.by, e.action, e.object, e.outcome) for e in entries] == [
        ("wang.fang", "command./ack", "INC-1", "denied"),
        ("li.wei", "command./ack", "INC-1", "failed"),
        ("li.wei", "command./ack", "INC-1", "ok"),
    ]
    assert entries[0].via == "web"
    assert entries[0].detail == "/ack INC-1"


async def test_rights(room: Room) -> None:
    await room.happens("A")
    text = await room.say("/ack INC-1", name="wang.fang", role="viewer")
    assert text == "抱歉 wang.fang，/ack 需要处理者（responder）权限，你现在是查看者（viewer）。"
    text = await room.say("/incidents", name="0147", role=None, language="en")
    assert text.startswith("Sorry, I do not know you yet (0147)")
    assert "command." not in await room.say("/ack", name="hook", role="ingest")
    assert (await room.incident(1)).status == "triggered"


def test_reading_is_for_viewers_and_acting_for_responders() -> None:
    viewer = {c.name for c in COMMANDS if c.role == "viewer"}
    assert viewer == {
        "help", "incidents", "alerts", "show", "why", "search", "ask", "similar", "runbook",
        "status", "oncall",
    }  # fmt: skip
    assert {c.role for c in COMMANDS} == {"viewer", "responder"}


def test_every_command_says_how_it_is_typed_in_both_languages() -> None:
    for command in COMMANDS:
        assert command.example.startswith(f"/{command.name}")
        for key in (command.usage, command.about):
            assert set(catalogue()[key]) == set(LANGUAGES)


async def test_unknown_commands_name_the_nearest(room: Room) -> None:
    before = counted("unknown", "failed")
    assert await room.say("/akc INC-1") == (
        "没有 /akc 这个命令，你是想用 /ack 吗？发送 /help 查看全部。"
    )
    assert await room.say("/静默 2h") == "没有 /静默 这个命令，发送 /help 查看全部。"
    assert counted("unknown", "failed") == before + 2
    assert (await room.audit())[0].action == "command./unknown"


async def test_talk_gets_a_hint_only_when_it_was_meant_for_the_bot(room: Room) -> None:
    assert (await room.say("磁盘又满了")).startswith("我只处理以 / 开头的命令")
    talk = CommandRequest("hi", Principal("x", None, "web"), "en", "room", addressed=False)
    assert (await room.dispatcher.run(talk)).text == ""
    assert await room.audit() == []


async def test_a_command_that_is_too_long_does_nothing(room: Room) -> None:
    await room.happens("A")
    text = await room.say("/note INC-1 " + "长" * 100_000)
    assert text == "这条消息太长了，命令最多 4000 个字符，什么都没有执行。"


async def test_a_store_that_fails_is_said_and_nothing_is_done(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    await room.happens("A")

    async def full(*_args: object, **_kwargs: object) -> None:
        raise StoreError("the database did not commit: disk full")

    monkeypatch.setattr(room.loop, "acknowledge", full)
    assert (await room.say("/ack INC-1")).startswith("数据库暂时不可用")


async def test_a_mistake_of_ours_is_no_traceback(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "parts", None)
    text = await room.say("/status")
    assert text == "出了内部错误，详情已写入日志，请联系管理员。"


async def test_an_answer_is_given_though_it_cannot_be_audited(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    await room.happens("A")
    acknowledge = room.loop.acknowledge

    async def then_full(*args: object, **kwargs: object) -> object:
        done = await acknowledge(*args, **kwargs)  # type: ignore[arg-type]
        room.db.close()
        return done

    monkeypatch.setattr(room.loop, "acknowledge", then_full)
    assert (await room.say("/ack INC-1")).startswith("👌 INC-1")


def test_only_so_many_conversations_are_remembered() -> None:
    last = LastIncidents(limit=2)
    last.acted_on("a", 1)
    last.acted_on("b", 2)
    last.acted_on("a", 3)
    last.told("c", 4)
    assert last.recall("b", "") is None
    assert (last.recall("a", ""), last.recall("a", "c"), last.recall("x", "c")) == (3, 4, 4)


# The knowledge base does not run in this room; its commands have tests of their own.
_KNOWING = {"search", "ask", "similar", "runbook"}


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(name=st.sampled_from([c.name for c in COMMANDS if c.name not in _KNOWING]), text=garbage)
async def test_nothing_typed_makes_a_command_crash(room: Room, name: str, text: str) -> None:
    if not room.loop.fold.state.incidents:
        await room.happens("A", host="db")
    reply = await room.say(f"/{name} {text}", role="admin")
    assert len(reply) < LIMIT
    assert not reply.startswith("出了内部错误")
