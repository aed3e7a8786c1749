"""What people do to incidents from chat, as transcripts."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from core.store import queries
from tests.bot.command.room import Room


async def test_ack(room: Room) -> None:
    await room.happens("DiskFull", host="db-01", severity="critical")
    reply = await room.reply("/ack INC-1 正在扩容")
    assert reply.text == "👌 INC-1 已由 li.wei 确认，不再提醒：DiskFull on db-01"
    assert reply.incident == 1
    incident = await room.incident(1)
    assert (incident.status, incident.acknowledged_by) == ("acknowledged", "li.wei")
    timeline = await room.db.read(lambda c: queries.timeline(c, 1))
    assert timeline[-1].text == "li.wei 已确认 正在扩容"


async def test_ack_for_a_while(room: Room) -> None:
    await room.happens("DiskFull", host="db-01")
    text = await room.say("/ack 1 2小时 扩容中", language="en")
    assert re.fullmatch(
        r"👌 li\.wei acknowledged INC-1; no reminders until "
        r"\d\d-\d\d \d\d:\d\d:\d\d: DiskFull on db-01",
        text,
    )
    incident = await room.incident(1)
    assert incident.ack_until is not None
    assert incident.acknowledged_at is not None
    assert incident.ack_until - incident.acknowledged_at == timedelta(hours=2)


async def test_who_comes_second_reads_who_came_first(room: Room) -> None:
    await room.happens("DiskFull")
    await room.say("/ack INC-1", name="wang.fang")
    room.shift = timedelta(minutes=5, seconds=1)
    assert re.match(r"wang\.fang 5 分钟( \d 秒)?前已经确认了 INC-1。", await room.say("/ack INC-1"))
    text = await room.say("/ack INC-1", language="en")
    assert text.startswith("INC-1 was already acknowledged by wang.fang 5 min ")
    await room.say("/resolve INC-1 清理了旧备份", name="wang.fang")
    text = await room.say("/ack INC-1")
    assert text.startswith("wang.fang ")
    assert text.endswith("前已经关闭了 INC-1；如果没有真正恢复，请用 /reopen INC-1。")


async def test_the_last_incident_of_a_conversation_needs_no_id(room: Room) -> None:
    await room.happens("A")
    await room.happens("B")
    assert (await room.reply("/ack")).incident == 2  # the newest that is open
    await room.say("/show INC-1")
    assert (await room.reply("/note 查过了")).incident == 1  # the last one spoken of
    assert (await room.reply("/note 别处", conversation="other")).incident == 2
    room.dispatcher.told("other", 1)
    assert (await room.reply("/note 刚通知的", conversation="other")).incident == 1
    await room.say("/resolve INC-1")
    await room.say("/resolve INC-2")
    text = await room.say("/ack", conversation="new")
    assert text == "现在没有未恢复的事件，请写明事件号，例如 INC-3。"


async def test_an_alerts_id_stands_for_its_incident(room: Room) -> None:
    await room.happens("A")
    await room.happens("B")
    assert (await room.reply("/ack ALT-1")).incident == 1


async def test_unack_resolve_reopen(room: Room) -> None:
    await room.happens("A", summary="队列堆积")
    assert await room.say("/unack INC-1") == "INC-1 现在还没有人确认，也没有关闭。"
    await room.say("/ack")
    assert await room.say("/unack") == "li.wei 取消了 INC-1 的确认，会继续提醒：队列堆积"
    assert await room.say("/resolve 1 重启消费者") == (
        "✅ INC-1 已由 li.wei 关闭：队列堆积\n\n"
        "它的告警还没有恢复，暂不提醒；如果一直不恢复，会重新打开一个事件。"
    )
    assert (await room.incident(1)).resolution == "重启消费者"
    assert await room.say("/reopen 又来了") == "li.wei 重新打开了 INC-1：队列堆积"
    assert (await room.incident(1)).status == "triggered"


async def test_resolve_without_a_word_asks_what_fixed_it(room: Room) -> None:
    await room.happens("A")
    assert "怎么处理的？回复 /note INC-1" in await room.say("/resolve INC-1")


async def test_reopen_when_it_resolved_by_itself(room: Room) -> None:
    await room.happens("A")
    await room.happens("A", status="resolved")
    text = await room.say("/resolve INC-1")
    assert re.match(r"INC-1 的告警刚刚已全部恢复，事件已自动关闭", text)
    await room.happens("A")  # within five minutes: the same incident
    assert (await room.incident(1)).status == "triggered"


async def test_assign(room: Room) -> None:
    await room.happens("A")
    assert await room.say("/assign INC-1 @Wang.Fang 请看") == "INC-1 已指派给 wang.fang：A on ?"
    assert (await room.incident(1)).assignee == "wang.fang"
    assert (await room.reply("/assign 我")).incident == 1
    assert (await room.incident(1)).assignee == "li.wei"
    text = await room.say("/assign INC-1 wang")
    assert text == "people 里没有 wang，你是指：wang.fang？"
    assert "用法：/assign" in await room.say("/assign INC-1")


async def test_note_keeps_no_secret(room: Room) -> None:
    await room.happens("A")
    assert await room.say("/note INC-1 password=hunter22xyz 已改") == "已记入 INC-1。"
    timeline = await room.db.read(lambda c: queries.timeline(c, 1))
    assert (timeline[-1].kind, timeline[-1].text) == ("note", "password=*** 已改")
    assert "hunter22xyz" not in repr(await room.audit())
    assert "用法：/note" in await room.say("/note INC-1")


async def test_silence_an_incident(room: Room) -> None:
    await room.happens("DiskFull", host="db-01", severity="warning")
    text = await room.say("/silence INC-1 1h 发布中")
    assert re.fullmatch(
        r'🔕 SIL-1 已生效，至 \S+ \S+：alertname="DiskFull"。提前结束：/unsilence SIL-1', text
    )
    await room.happens("DiskFull", host="db-02")
    assert "被静默 SIL-1 挡住：li.wei 设置，发布中，至" in await room.say("/why ALT-2")
    timeline = await room.db.read(lambda c: queries.timeline(c, 1))
    assert timeline[-1].text == "设置静默 SIL-1，1 小时 发布中"


async def test_silence_an_alert_by_its_own_labels(room: Room) -> None:
    await room.happens("DiskFull", host="db-01", severity="warning")
    assert 'alertname="DiskFull", host="db-01"' in await room.say("/silence ALT-1 30m")


async def test_silence_by_matchers(room: Room) -> None:
    text = await room.say('/silence alertname=DiskFull host=~"db-.*" 2h 扩容', language="en")
    assert text.startswith('🔕 SIL-1 silences alertname="DiskFull", host=~"db-.\\*" until')
    (silence,) = await room.db.read(queries.silences)
    assert (silence.comment, silence.created_by) == ("扩容", "li.wei")
    assert silence.ends_at - silence.starts_at == timedelta(hours=2)
    await room.say("/silence 2h app=shop")
    (_first, second) = await room.db.read(queries.silences)
    assert list(map(str, second.matchers)) == ['app="shop"']


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("/silence", "用法：/silence"),
        ("/silence INC-1", "用法：/silence"),
        ("/silence INC-9 1h", "没有事件 INC-9"),
        ("/silence KB-1 1h", "KB-1 不是事件"),
        ('/silence host=~"(" 1h', "看不懂这个参数"),
        ('/silence host=~".*" 1h', "看不懂这个参数"),
        ("/silence INC-1 99999d", "看不懂这个参数"),
        ("/silence 1h", "没有未恢复的事件"),
    ],
)
async def test_a_silence_that_cannot_be(room: Room, text: str, answer: str) -> None:
    assert answer in await room.say(text)
    assert await room.db.read(queries.silences) == []


async def test_unsilence(room: Room) -> None:
    assert await room.say("/unsilence") == "现在没有生效的静默。"
    await room.say("/silence a=b 1h")
    assert await room.say("/unsilence") == "🔔 SIL-1 已结束，恢复通知。"
    await room.say("/silence a=b 1h 发布")
    await room.say("/silence c=d 1h")
    text = await room.say("/unsilence")
    assert "请写明要结束哪个" in text
    assert '- SIL-2 a="b"，li.wei 设置，至' in text
    assert await room.say("/unsilence sil3") == "🔔 SIL-3 已结束，恢复通知。"
    assert await room.say("/unsilence SIL-3") == "没有生效中的静默 SIL-3，发送 /unsilence 查看。"


async def test_upload_and_retry(room: Room) -> None:
    file = room.watched / "日报 1.csv"
    file.write_text("a,b")
    assert await room.say(f'/upload "{file}"') == f"⏳ UPL-1 已排队：{file} → disk"
    assert await room.say("/retry UPL-1") == "UPL-1 没有失败，不需要重试。"
    await room.queue.start()
    await room.queue.idle()
    await room.queue.stop()
    assert (await room.say(f"/upload {file}")).startswith("✅ UPL-1 已经上传过")
    assert f"- ✅ UPL-1 {file} → disk：成功" in await room.say("/upload")
    assert "没有这个文件" in await room.say(f"/upload {room.watched}/none.csv")
    assert "不能上传 /etc/passwd" in await room.say("/upload /etc/passwd")


async def test_retry(room: Room) -> None:
    for short in ("UPL-7", "NTF-9", "TSK-4"):
        assert await room.say(f"/retry {short}") == f"没有 {short}。"
    await room.happens("A")
    assert await room.say("/retry NTF-1") == "NTF-1 没有失败，不需要重试。"
    assert await room.say("/retry failed 1h") == "最近 1 小时没有失败的上传或通知。"
    for wrong in ("/retry", "/retry INC-1", "/retry 7", "/retry later"):
        assert "用法：/retry" in await room.say(wrong)


async def test_a_silence_is_made_longer(room: Room) -> None:
    await room.happens("DiskFull")
    await room.say("/silence INC-1 1h 发布中")
    assert (await room.say("/silence SIL-1 3h")).startswith("🔕 SIL-1 改为至 ")
    silence = await room.db.read(lambda c: queries.silence(c, 1))
    assert silence is not None
    assert silence.ends_at - silence.starts_at > timedelta(hours=2, minutes=59)
    assert silence.comment == "发布中"
    assert "SIL-9" in await room.say("/silence SIL-9 3h")


async def test_maintenance(room: Room) -> None:
    text = await room.say("/maintenance app=shop 2h 升级数据库")
    assert text.startswith("🚧 SIL-1 维护至 ")
    await room.happens("DiskFull", app="shop")
    assert (await room.incident(1)).status == "triggered"
    why = await room.say("/why ALT-1", language="en")
    assert "maintenance" in why
    assert "No notification was made." in why
    assert "everything" in await room.say("/maintenance 1h", language="en")
    silences = await room.db.read(lambda c: queries.silences(c))
    assert [(s.kind, s.room) for s in silences] == [("maintenance", "room")] * 2
    assert (await room.say("/unsilence SIL-1")).startswith("🔔 SIL-1")
