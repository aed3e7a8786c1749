"""The knowledge base as the service starts it: runbooks shipped, folders imported, found."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from core.config.settings import Settings
from core.store import Database, queries
from knowledge.base import KnowledgeBase

Make = Callable[..., Awaitable[KnowledgeBase]]


@pytest.fixture
async def make(db: Database, tmp_path: Path) -> AsyncIterator[Make]:
    """Starts a base with these knowledge settings; all of them are stopped in the end."""
    started: list[KnowledgeBase] = []

    async def start(language: str = "en", **knowledge: Any) -> KnowledgeBase:
        settings = Settings.model_validate({"language": language, "knowledge": knowledge})
        base = KnowledgeBase(settings, db, tmp_path / "data")
        began = time.monotonic()
        await base.start()
        assert time.monotonic() - began < 0.1
        started.append(base)
        return base

    yield start
    for base in started:
        await base.stop()


async def longest_pause(pauses: list[float]) -> None:
    """Record how long the event loop was held up, until it is canceled."""
    while True:
        began = time.monotonic()
        await asyncio.sleep(0.001)
        pauses.append(time.monotonic() - began)


async def test_starter_runbooks_answer_in_both_languages(make: Make, db: Database) -> None:
    base = await make(language="zh-CN")
    pauses: list[float] = []
    watching = asyncio.create_task(longest_pause(pauses))
    assert base.status
    await base.ready()
    watching.cancel()
    assert max(pauses) < 0.5  # 40 ms alone; other tests may have the processors
    page = await db.read(lambda c: queries.articles(c, limit=500))
    assert len(page.items) >= 20
    assert {article.status for article in page.items} == {"published"}
    assert all((a.source_path or "").startswith("starter/") for a in page.items)
    for query in ("磁盘满", "no space left on device", "证书过期", "CrashLoopBackOff", "消费堆积"):
        result = await base.search.search(query)
        assert result.items, query
        assert result.items[0].confidence in {"high", "medium"}, query
    disk = (await base.search.search("磁盘满")).items[0]
    assert disk.confidence == "high"
    assert "词：磁盘满" in disk.matched
    assert base.status == f"{len(page.items)} 篇，{base._index.counts[1]} 段"


async def test_a_second_start_changes_nothing(make: Make, db: Database, tmp_path: Path) -> None:
    (tmp_path / "zebra.md").write_text("# ZebraFault\n\nFeed it.")
    folders = {"import": [str(tmp_path)]}
    first = await make(starter=False, **folders)
    await first.ready()
    before = await db.read(lambda c: queries.articles(c, limit=500))
    await first.stop()
    second = await make(starter=False, **folders)
    await second.ready()
    assert await db.read(lambda c: queries.articles(c, limit=500)) == before
    assert (await second.search.search("ZebraFault")).items


async def test_folders_are_imported_and_missing_ones_stop_nothing(
    make: Make, db: Database, tmp_path: Path
) -> None:
    (tmp_path / "runbooks").mkdir()
    (tmp_path / "runbooks" / "zebra.md").write_text("# ZebraFault\n\nFeed it.")
    (tmp_path / "runbooks" / "bad.md").write_text("---\ntags: {}\n---\nx")
    folders = {"import": [str(tmp_path / "none"), str(tmp_path / "runbooks")]}
    base = await make(starter=False, **folders)
    await base.ready()
    assert [i.title for i in (await base.search.search("ZebraFault")).items] == ["ZebraFault"]
    page = await db.read(lambda c: queries.articles(c))
    assert [a.source_path for a in page.items] == [str(tmp_path / "runbooks" / "zebra.md")]


async def test_stopping_at_once(make: Make) -> None:
    base = await make()
    async with asyncio.timeout(5):
        await base.stop()
