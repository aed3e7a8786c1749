"""What the knowledge base tells in chat: the shipped runbooks, and what was resolved before."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest

from bot.render.pack import LIMIT
from knowledge.article.draft import Draft
from tests.bot.command.room import Room


@pytest.fixture
async def knowing(room: Room) -> AsyncIterator[Room]:
    """A room whose knowledge base holds the starter runbooks."""
    await room.kb.start()
    await room.kb.ready()
    yield room
    await room.kb.stop()


async def test_search_similar_runbook_and_ask(knowing: Room) -> None:
    room = knowing
    text = await room.say("/search 磁盘满")
    assert text.startswith("搜索“磁盘满”：\n\n- KB-")
    assert "依据：" in text
    assert 1 <= text.count("\n- KB-") <= 5
    assert "没有找到与“zzqx vvkw”相关的内容" in await room.say("/search zzqx vvkw")
    assert "用法：/search" in await room.say("/search")

    await room.happens("NodeDiskFull", host="db-01", summary="磁盘 /data 使用率 97%")
    reply = await room.reply("/similar INC-1")
    assert reply.incident == 1
    assert reply.text.startswith(
        "与 INC-1 相似的历史事件和文章（磁盘 /data 使用率 97%）：\n\n- KB-"
    )

    runbook = await room.say("/runbook INC-1")
    assert re.match(r"#### KB-\d+ ", runbook)
    assert "已发布 · 第 1 版" in runbook
    assert len(runbook) < LIMIT
    by_text = await room.say("/runbook 磁盘满")
    assert by_text.startswith("#### KB-")
    number = re.findall(r"KB-(\d+)", by_text)[0]
    assert (await room.say(f"/show KB-{number}")).partition("\n")[0] == by_text.partition("\n")[0]

    answer = await room.say("/ask 磁盘满了怎么处理")
    assert "**出处**" in answer
    assert "未使用模型，以上为知识库原文摘录。" in answer
    assert "用法：/ask" in await room.say("/ask")


async def test_an_article_is_shown_in_forms_that_chat_knows(room: Room) -> None:
    body = """# 处理步骤

先看 `df -h`，**不要**直接删 [手册](http://wiki/x)。

1. 清理
2. 扩容
   - [ ] 通知 @dba

```sh
rm -rf /data/tmp  # <careful>
echo ok
```

> 出处

<script>alert(1)</script> [点我](dtmd://x)
"""
    draft = Draft(title="磁盘 <满>", body=body, tags=["disk"])
    await room.kb.articles.create(draft, "li.wei")
    assert await room.say("/runbook KB-1") == "\n\n".join(
        [
            "#### KB-1 磁盘 &lt;满>",
            "草稿 · 第 1 版 · 标签：disk",
            "**处理步骤**",
            "先看 df -h，**不要**直接删 手册 http://wiki/x 。",
            "1. 清理\n2. 扩容\n- 通知 ＠dba",
            "> rm -rf /data/tmp # &lt;careful>  \n  > echo ok",
            "> 出处",
            "&lt;script>alert(1)&lt;/script> 点我 dtmd：//x",
        ]
    )
