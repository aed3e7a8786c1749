"""What a group reads when something happens: the whole message, as an example each."""

from __future__ import annotations

import re
from datetime import timedelta
from textwrap import dedent

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.chat.channel import Outgoing
from bot.render.notification import render
from bot.render.pack import LIMIT
from core.model import Notification
from core.store.queries import Story
from knowledge.analysis.model import Meta
from tests.bot.render.case import BEGAN, NOW, SHANGHAI, alert, incident, shown, story, visible
from tests.bot.render.test_escape import shape, untrusted

# A shared machine may stop for a while; how long an example takes says nothing.
unhurried = settings(deadline=None)

LINK = "http://127.0.0.1:8080/?incident=INC-12"
ENDED = BEGAN + timedelta(minutes=31)


def expect(text: str) -> str:
    return dedent(text).strip("\n")


def test_firing() -> None:
    (part,) = shown(
        "firing",
        incident(),
        [alert(3), alert(4, "db-02:9100", severity="warning", count=3)],
        story(),
    )
    assert part.title == "🔴 紧急 db-01:9100 NodeDiskFull 等 2 条"
    assert visible(part.text) == expect(
        f"""
        #### 🔴 紧急 INC-12 db-01:9100 磁盘 /data 使用率 97%

        **摘要**（由规则提取，未使用模型）⏎
          db-01 的 /data 快写满了，写入会失败。

        > ENOSPC: No space left on device

        **告警 2 条**

        - 🔴 **NodeDiskFull** ALT-3，自 11-24 09:30:05⏎
          instance=db-01:9100 job=node mountpoint=/data
        - 🟠 **NodeDiskFull** ALT-4 ×3，自 11-24 09:30:05⏎
          db-02:9100 磁盘 /data 使用率 97%⏎
          instance=db-02:9100 job=node mountpoint=/data

        **以前这样处理过**

        - INC-3 数据盘写满（把握高）⏎
          清理 /data/backup 下 7 天前的备份
        - KB-7 磁盘写满处理手册（把握中等）⏎
          先 df -h 找最大的目录

        处理：/ack INC-12 · /silence INC-12 1h · /why INC-12 · [打开网页]({LINK})
        """
    )


def test_firing_in_english_with_a_summary_by_a_model() -> None:
    (part,) = shown("firing", incident(), [alert(3)], story(Meta("qwen-plus", False)), "en")
    assert part.title == "🔴 Critical db-01:9100 NodeDiskFull"
    assert visible(part.text) == expect(
        f"""
        #### 🔴 Critical INC-12 db-01:9100 磁盘 /data 使用率 97%

        **Summary** (by the model qwen-plus)⏎
          db-01 的 /data 快写满了，写入会失败。

        > ENOSPC: No space left on device

        **1 alert**

        - 🔴 **NodeDiskFull** ALT-3, since 11-24 09:30:05⏎
          instance=db-01:9100 job=node mountpoint=/data

        **What helped before**

        - INC-3 数据盘写满 (high confidence)⏎
          清理 /data/backup 下 7 天前的备份
        - KB-7 磁盘写满处理手册 (medium confidence)⏎
          先 df -h 找最大的目录

        Answer: /ack INC-12 · /silence INC-12 1h · /why INC-12 · [Open]({LINK})
        """
    )


def test_firing_before_anything_is_known_shows_the_log_line_alone() -> None:
    line = "2026-11-24 ERROR [main] java.lang.OutOfMemoryError: Java heap space"
    found = alert(3, annotations={"summary": "shop OOM", "log": line})
    (part,) = shown("firing", incident(title="shop OOM"), [found])
    assert visible(part.text) == expect(
        f"""
        #### 🔴 紧急 INC-12 shop OOM

        > {line}

        **告警 1 条**

        - 🔴 **NodeDiskFull** ALT-3，自 11-24 09:30:05⏎
          instance=db-01:9100 job=node mountpoint=/data

        处理：/ack INC-12 · /silence INC-12 1h · /why INC-12 · [打开网页]({LINK})
        """
    )


def test_a_model_that_failed_is_named() -> None:
    (part,) = shown("firing", incident(), [alert(3)], story(Meta("rules", True, "timeout")))
    assert "（由规则提取，模型未能回答：timeout）" in part.text


def test_an_analysis_of_another_version_does_not_hold_the_alert_back() -> None:
    (part,) = shown("firing", incident(), [alert(3)], Story([], [], {"summary": 7}))
    assert "**告警 1 条**" in part.text
    assert "摘要" not in part.text


def test_nothing_similar_is_said_once_it_was_looked_for() -> None:
    known = story()
    (part,) = shown("firing", incident(), [alert(3)], Story([], [], known.analysis))
    assert "知识库里没有相似的历史事件或文章。" in part.text


def test_update() -> None:
    (part,) = shown("update", incident(), [alert(3)], story())
    assert part.title == "🔴 紧急 仍未恢复 db-01:9100 NodeDiskFull"
    assert visible(part.text).startswith(
        expect(
            """
            #### 🔴 紧急 INC-12 仍未恢复：db-01:9100 磁盘 /data 使用率 97%

            已持续 32 分钟，还没有人确认。

            **摘要**（由规则提取，未使用模型）⏎
              db-01 的 /data 快写满了，写入会失败。
            """
        )
    )


def test_resolved_by_itself_asks_what_fixed_it() -> None:
    (part,) = shown(
        "resolved",
        incident(status="resolved", resolved_at=ENDED),
        [alert(3, status="resolved", ends_at=ENDED)],
    )
    assert part.title == "✅ 已恢复 db-01:9100 NodeDiskFull"
    assert visible(part.text) == expect(
        f"""
        #### ✅ 已恢复 INC-12 db-01:9100 磁盘 /data 使用率 97%

        告警全部恢复，事件自动关闭，历时 31 分钟。

        **已恢复 1 条**

        - ✅ **NodeDiskFull** ALT-3，11-24 10:01:05 恢复，持续 31 分钟⏎
          instance=db-01:9100 job=node mountpoint=/data

        怎么处理的？回复 /note INC-12 处理方法，下次遇到时会提示大家。

        没有真正恢复：/reopen INC-12 · [打开网页]({LINK})
        """
    )


def test_resolved_by_a_person_says_who_and_how() -> None:
    (part,) = shown(
        "resolved",
        incident(
            status="resolved", resolved_at=ENDED, resolved_by="li.wei", resolution="扩容到 2 TB"
        ),
        [alert(3, status="resolved", ends_at=ENDED)],
        language="en",
    )
    assert part.title == "✅ Cleared: db-01:9100 NodeDiskFull"
    assert visible(part.text) == expect(
        f"""
        #### ✅ Resolved INC-12 db-01:9100 磁盘 /data 使用率 97%

        li.wei resolved it after 31 min.

        > What fixed it: 扩容到 2 TB

        **Cleared: 1**

        - ✅ **NodeDiskFull** ALT-3, cleared 11-24 10:01:05 after 31 min⏎
          instance=db-01:9100 job=node mountpoint=/data

        Not over after all: /reopen INC-12 · [Open]({LINK})
        """
    )


def test_partly_cleared_says_that_the_incident_stays_open() -> None:
    (part,) = shown("resolved", incident(), [alert(3, status="resolved", ends_at=ENDED)])
    assert "#### ✅ 部分恢复 INC-12" in part.text
    assert "还有告警没有恢复，事件保持打开（已 32 分钟）。" in part.text


def test_digest_lists_the_worst_first() -> None:
    (part,) = shown(
        "digest",
        None,
        [
            alert(5, "web-1", severity="warning", incident=13),
            alert(6, "db-01", incident=12),
        ],
    )
    assert part.title == "🔴 紧急 告警汇总 2 条"
    assert visible(part.text) == expect(
        """
        #### 🔴 告警汇总：2 条

        紧急 1 条，警告 1 条

        - 🔴 **NodeDiskFull** ALT-6 INC-12⏎
          db-01 磁盘 /data 使用率 97%
        - 🟠 **NodeDiskFull** ALT-5 INC-13⏎
          web-1 磁盘 /data 使用率 97%

        查看：/incidents · /show 事件号 · [打开网页](http://127.0.0.1:8080/)
        """
    )


def test_reply_tells_what_the_model_found_later() -> None:
    (part,) = shown("reply", incident(), [alert(3)], story(Meta("qwen-plus", False)))
    assert part.title == "INC-12 补充：db-01:9100 NodeDiskFull"
    assert visible(part.text) == expect(
        f"""
        #### INC-12 补充：db-01:9100 磁盘 /data 使用率 97%

        **摘要**（由模型 qwen-plus 生成）⏎
          db-01 的 /data 快写满了，写入会失败。

        > ENOSPC: No space left on device

        **可能的原因**

        - 备份没有清理

        **建议**

        - 清理 7 天前的备份

        **以前这样处理过**

        - INC-3 数据盘写满（把握高）⏎
          清理 /data/backup 下 7 天前的备份
        - KB-7 磁盘写满处理手册（把握中等）⏎
          先 df -h 找最大的目录

        查看：/show INC-12 · [打开网页]({LINK})
        """
    )


@pytest.mark.parametrize("kind", ["firing", "update", "resolved", "digest"])
@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_many_alerts_are_split_and_each_is_listed_once(kind: str, language: str) -> None:
    alerts = [alert(n, f"db-{n}:9100") for n in range(1, 121)]
    about = None if kind == "digest" else incident(alert_count=120)
    parts = shown(kind, about, alerts, story(), language)
    assert len(parts) > 2
    assert all(len(p.text) < LIMIT for p in parts)
    assert [p.title.rpartition(" ")[2] for p in parts] == [
        f"({n}/{len(parts)})" for n in range(1, len(parts) + 1)
    ]
    assert parts[1].text.partition("\n")[0].endswith(f"(2/{len(parts)})")
    listed = re.findall(r"ALT-\d+", "".join(p.text for p in parts))
    assert sorted(listed) == sorted(f"ALT-{n}" for n in range(1, 121))
    # What to do stands in the first one, which is the one people read.
    assert (LINK in parts[0].text) is (kind != "digest")


def test_what_is_shortened_says_so_and_where_the_rest_is() -> None:
    long = alert(3, annotations={"summary": "很长的说明" * 200})
    (part,) = shown("firing", incident(), [long])
    assert "…（已截断，/show ALT-3 查看全文）" in part.text
    many = alert(3, labels={"alertname": "X", **{f"l{n}": "v" for n in range(20)}})
    (part,) = shown("firing", incident(), [many])
    assert "l9=v" not in part.text
    assert "…（另有 14 个标签，/show ALT-3 查看全文）" in part.text


def test_what_is_no_message_is_refused() -> None:
    event = Notification(
        id="n", number=9, channel="out", incident=12, alerts=(), kind="event", key="n",
        due_at=NOW, created_at=NOW,
    )  # fmt: skip
    with pytest.raises(ValueError, match="NTF-9"):
        render(Outgoing(event, None, Story()), "en", "http://room", SHANGHAI)


@unhurried
@given(untrusted, st.sampled_from(["firing", "update", "resolved", "digest", "reply"]))
def test_no_alert_can_change_the_layout(text: str, kind: str) -> None:
    """Hostile words in every place show up as words: the message keeps its shape."""
    said = f"x{text}x"

    def message(words: str) -> str:
        found = alert(
            3,
            words,
            labels={"alertname": words, "host": words, f"l{words}": words},
            annotations={"summary": f"s{words}", "log": words},
        )
        about = incident(title=words, resolution=words, resolved_by=words, acknowledged_by=words)
        (part,) = shown(kind, None if kind == "digest" else about, [found])
        return part.text

    assert shape(message(said)) == shape(message("x"))


@unhurried
@given(st.text(alphabet="<*_`[]()\\&#@磁", min_size=400, max_size=2000))
def test_the_longest_words_still_leave_a_part_that_a_phone_shows(text: str) -> None:
    found = alert(
        3,
        labels={"alertname": text, **{f"l{n}": text for n in range(9)}},
        annotations={"summary": text, "log": text},
    )
    known = story()
    assert known.analysis is not None
    known.analysis |= {"summary": text, "key_errors": [text]}
    parts = shown("firing", incident(title=text), [found], known)
    assert all(len(p.text) < LIMIT and len(p.title) <= 128 for p in parts)
