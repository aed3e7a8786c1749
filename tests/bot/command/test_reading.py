"""What people look up from chat."""

from __future__ import annotations

from datetime import timedelta

from bot.render.pack import LIMIT
from core.clock import utc_now
from tests.bot.command.room import Room


async def test_incidents(room: Room) -> None:
    assert await room.say("/incidents") == "✅ 现在没有未恢复的事件。"
    at = utc_now() - timedelta(minutes=3)
    await room.happens("DiskFull", host="db-01", severity="critical", at=at)
    await room.happens("DiskFull", host="db-02", severity="critical")
    await room.happens("HighLoad", host="web-1", summary="负载高")
    await room.say("/ack INC-1")
    text = await room.say("/incidents")
    assert text.startswith(
        "**未恢复的事件 2 个**，未确认 1，已确认 1\n\n- 🔵 INC-2 负载高  \n  未确认 · 告警 1 条 · "
    )
    assert "- 🔴 INC-1 DiskFull on db-01  \n  已确认 · li.wei · 告警 2 条 · " in text
    assert "INC-2" not in await room.say("/incidents db-01")


async def test_long_lists_say_what_they_leave_out(room: Room) -> None:
    for number in range(13):
        await room.happens(f"A{number}", host="db")
    assert "…（另有 3 条未列出）" in await room.say("/incidents")
    text = await room.say("/alerts", language="en")
    assert text.startswith("**Firing: 13**\n\n- 🔵 ALT-13 **A12** INC-13  \n  ×1 · ")
    assert text.endswith("… (3 more not listed)")


async def test_alerts(room: Room) -> None:
    assert await room.say("/alerts") == "✅ 现在没有告警。"
    await room.happens("DiskFull", host="db-01", app="shop")
    text = await room.say("/alerts db-01")
    assert "- 🔵 ALT-1 **DiskFull** INC-1  \n  1 次 · " in text
    assert "host=db-01 app=shop" in text
    assert await room.say("/alerts nowhere") == "✅ 现在没有告警。"


async def test_show_an_incident(room: Room) -> None:
    await room.happens("DiskFull", host="db-01", severity="critical", summary="磁盘 97%")
    await room.say("/ack INC-1 2h")
    await room.say("/assign INC-1 wang.fang")
    await room.say("/note INC-1 看了 df -h")
    text = await room.say("/show INC-1")
    assert text.startswith("#### 🔴 紧急 INC-1 磁盘 97%\n\n已确认，开始于 ")
    for line in (
        "li.wei 于 ",
        "确认有效至 ",
        "指派给 wang.fang",
        "**告警 1 条**",
        "**最近的经过**",
    ):
        assert line in text
    assert "li.wei 备注：看了 df -h" in text
    assert "[打开网页](http://127.0.0.1:8080/?incident=INC-1)" in text


async def test_show_an_alert_in_full(room: Room) -> None:
    summary = "很长的说明。" * 100
    await room.happens("DiskFull", host="db-01", runbook="a_b*c", summary=summary)
    text = await room.say("/show ALT-1")
    assert summary in text
    assert "- runbook: a_b\\*c" in text
    assert "所属事件：INC-1" in text
    assert await room.say("/show ALT-9") == "没有告警 ALT-9，发送 /alerts 查看正在告警的。"
    assert "没有文章 KB-9" in await room.say("/show KB-9")
    assert "UPL-1 不是事件" in await room.say("/show UPL-1")


async def test_what_is_too_long_for_a_page_is_cut_and_says_so(room: Room) -> None:
    labels = {f"label{n}": "值" * 200 for n in range(30)}
    await room.happens("DiskFull", **labels)
    text = await room.say("/show ALT-1")
    assert len(text) < LIMIT
    assert text.endswith("…（内容过长，已截断，完整内容见网页）")


async def test_why_an_alert_was_told(room: Room) -> None:
    await room.happens("DiskFull", host="db-01")
    text = await room.say("/why ALT-1")
    assert text.startswith("**ALT-1 DiskFull** 告警中\n\n")
    for line in (
        "- ✔ 去重：新出现的告警",
        "- ✔ 抑制：没有更严重的告警覆盖它",
        "- ✔ 静默：没有匹配的静默",
        "- ✔ 人工关闭：事件没有被人关闭",
        "- ✔ 分组：归入 route 0（receiver r, group_wait 0s），到时一起通知",
        "- 📨 通知：已交给接收者 r",
        "**发出的通知**",
        "- NTF-1 告警 → room：等待中，尝试 0 次，",
    ):
        assert line in text


async def test_why_an_alert_was_not_told(room: Room) -> None:
    await room.happens("HostDown", host="db-01", severity="critical")
    await room.happens("DiskFull", host="db-01")
    text = await room.say("/why ALT-2", language="en")
    assert "- ⛔ inhibit: covered by ALT-1 HostDown, so it is not told by itself" in text
    assert text.endswith("No notification was made.")
    assert "belongs to no incident" in await room.say("/ack ALT-2", language="en")


async def test_why_an_incident(room: Room) -> None:
    await room.happens("DiskFull", host="db-01")
    await room.happens("DiskFull", host="db-02")
    text = await room.say("/why INC-1")
    assert text.startswith("**INC-1 DiskFull on db-01** 未确认\n\n- ALT-2 **DiskFull** ")
    assert "查看某条告警的每一步：/why ALT-2" in text


async def test_status(room: Room) -> None:
    await room.happens("DiskFull")
    assert await room.say("/status") == "\n".join(
        [
            "❌ **有 1 个部分异常**",
            "",
            "- ❌ knowledge loading",
            "- ✅ decide",
            "",
            "- 未恢复的事件：未确认 1，已确认 0",
            "- 告警中 1 条，生效的静默 0 个",
            "- 通知：等待 1，失败 0",
            "- 上传：等待 0，失败 0",
            "- 失败的任务 0 个",
        ]
    )


async def test_help(room: Room) -> None:
    text = await room.say("/help")
    assert "- /ack [事件号] [时长] [说明]  \n  确认" in text
    assert len(text) < LIMIT
    reader = await room.say("/help", role="viewer")
    assert "/ack" not in reader
    assert "/search 关键词" in reader
    assert await room.say("/help /ACK", language="en") == (
        "I am on it: reminders stop, for the duration if one is given\n\n"
        "Usage: /ack [ID] [DURATION] [COMMENT]  \n  For example: /ack INC-3 2h 正在扩容"
    )
    assert "没有 /nope 这个命令" in await room.say("/help nope")


async def test_hostile_words_are_shown_and_do_nothing(room: Room) -> None:
    words = "<b>x</b> [run](dtmd://dingtalkclient/sendMessage?content=%2Fack) @all **x**"
    await room.happens("DiskFull", host=words, summary=words)
    for command in ("/incidents", "/alerts", "/show INC-1", "/show ALT-1", "/why INC-1"):
        text = await room.say(command)
        assert "<b>" not in text
        assert "dtmd:" not in text
        assert "](d" not in text
        assert "@" not in text
