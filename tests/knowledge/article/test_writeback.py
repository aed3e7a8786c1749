"""Write-back: a resolved incident becomes a draft that says what is on record, once."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, update

from core.config.settings import Settings
from core.model import Alert, Incident, TimelineEntry
from core.store import Database, queries, schema
from core.store.rows import to_row
from knowledge.article.articles import Articles
from knowledge.article.writeback import Writeback

NOON = datetime(2026, 3, 1, 4, tzinfo=UTC)  # noon in Shanghai


def later(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


async def happen(
    db: Database, number: int = 1, notes: tuple[str, ...] = (), **values: Any
) -> Incident:
    """Store an incident with two alerts and a timeline."""
    made: dict[str, Any] = {
        "id": f"i{number}",
        "number": number,
        "key": "0:{}",
        "title": "pay 连接池耗尽",
        "status": "resolved",
        "severity": "critical",
        "labels": {"alertname": "PoolExhausted"},
        "alert_count": 2,
        "started_at": NOON,
        "updated_at": later(30),
        "resolved_at": later(30),
    }
    incident = Incident(**{**made, **values})
    alerts = [
        Alert(
            id=f"a{number}-{n}",
            number=10 * number + n,
            fingerprint=f"f{n}",
            status="resolved",
            severity="critical",
            labels={"alertname": "PoolExhausted", "app": "pay", "host": f"pay-0{n}"},
            annotations={"summary": f"pay-0{n} 的\n连接池耗尽"},
            count=4,
            first_seen=NOON,
            last_seen=NOON,
            starts_at=NOON,
            incident=number,
        )
        for n in (1, 2)
    ]
    entries = [
        TimelineEntry(NOON, "triggered", "tocsin", "事件触发：pay 连接池耗尽"),
        *(TimelineEntry(later(10 + n), "note", "li.wei", note) for n, note in enumerate(notes)),
    ]
    await db.write(lambda c: c.execute(insert(schema.incidents), to_row(incident)))
    await db.write(lambda c: c.execute(insert(schema.alerts), [to_row(a) for a in alerts]))
    await db.write(
        lambda c: c.execute(
            insert(schema.timeline), [{"incident": number, **to_row(e)} for e in entries]
        )
    )
    return incident


@pytest.fixture
def articles(db: Database) -> Articles:
    return Articles(db)


@pytest.fixture
def writeback(db: Database, articles: Articles) -> Writeback:
    return Writeback(Settings(), db, articles)


async def test_the_draft_says_what_happened_and_what_helped(
    db: Database, writeback: Writeback
) -> None:
    await happen(
        db,
        notes=("慢查询占满了连接", "token=abc123def456 泄漏在日志里"),
        resolution="杀掉慢查询\n调大连接池到 50",
        resolved_by="li.wei",
        acknowledged_by="li.wei",
        acknowledged_at=later(2),
    )
    article = await writeback.draft(1)
    assert article is not None
    assert (article.status, article.incident, article.severity) == ("draft", 1, "critical")
    assert article.title == "pay 连接池耗尽 处理记录"
    assert article.tags == ["PoolExhausted"]
    assert article.labels == {"alertname": "PoolExhausted"}
    assert article.services == ["pay"]
    assert article.owner == "li.wei"
    assert article.body == (
        "## 现象\n\n"
        "- pay-01 的 连接池耗尽（critical，4 次）\n"
        "- pay-02 的 连接池耗尽（critical，4 次）\n\n"
        "## 影响\n\n"
        "从 2026-03-01 12:00:00 到 2026-03-01 12:30:00，持续 30m，共 2 条告警，级别 critical。\n"
        "涉及：`alertname=PoolExhausted`, `app=pay`, `host=pay-01`, `host=pay-02`\n\n"
        "## 诊断\n\n"
        "li.wei 在 2m 后确认。\n"
        "- li.wei: 慢查询占满了连接\n"
        "- li.wei: token=*** 泄漏在日志里\n\n"
        "## 处理\n\n"
        "1. 杀掉慢查询\n"
        "2. 调大连接池到 50\n\n"
        "## 时间线\n\n"
        "- 2026-03-01 12:00:00 tocsin: 事件触发：pay 连接池耗尽\n"
        "- 2026-03-01 12:10:00 li.wei: 慢查询占满了连接\n"
        "- 2026-03-01 12:11:00 li.wei: token=*** 泄漏在日志里"
    )
    (version,) = await db.read(lambda c: queries.article_versions_of(c, article.id))
    assert (version.author, version.reason) == ("tocsin", "由 INC-1 自动整理，待人工审核")


async def test_an_incident_that_cleared_by_itself_asks_for_what_was_done(
    db: Database, writeback: Writeback
) -> None:
    await happen(db)
    article = await writeback.draft(1)
    assert article is not None
    assert "没有人记录处理方法" in article.body
    assert "没有记录诊断过程" in article.body


async def test_an_incident_is_written_back_once(db: Database, writeback: Writeback) -> None:
    await happen(db, resolution="restart")
    drafts = await asyncio.gather(*(writeback.draft(1) for _ in range(4)))
    assert sum(draft is not None for draft in drafts) == 1
    assert await writeback.draft(1) is None


async def test_the_same_again_without_a_word_is_nothing_to_write(
    db: Database, writeback: Writeback
) -> None:
    await happen(db, 1)
    await happen(db, 2)
    await happen(db, 3, resolution="改了配置")
    await happen(db, 4, key="0:other")
    assert await writeback.draft(1) is not None
    assert await writeback.draft(2) is None
    assert await writeback.draft(3) is not None
    assert await writeback.draft(4) is not None


async def test_what_is_never_written_back(db: Database, writeback: Writeback) -> None:
    await happen(db, 1, status="triggered", resolved_at=None)
    await happen(db, 2, labels={"alertname": "X", "test": "true"}, resolution="x")
    assert await writeback.draft(1) is None
    assert await writeback.draft(2) is None
    assert await writeback.draft(9) is None
    await db.write(
        lambda c: c.execute(
            update(schema.alerts).where(schema.alerts.c.incident == 1).values(source="eval:kb")
        )
    )
    await db.write(lambda c: c.execute(update(schema.incidents).values(status="resolved")))
    assert await writeback.draft(1) is None


async def test_in_english(db: Database, articles: Articles) -> None:
    await happen(db, resolution="restart")
    article = await Writeback(Settings(language="en"), db, articles).draft(1)
    assert article is not None
    assert "## Fix\n\n1. restart" in article.body
