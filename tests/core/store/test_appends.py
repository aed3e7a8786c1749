"""Appends that wait are one commit; one that fails costs the others nothing."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from datetime import UTC, datetime
from threading import Event as Flag
from typing import Any

import pytest
from sqlalchemy import Connection

from core.errors import StoreError
from core.model.event import Event
from core.store import Database, Journal
from core.store.appends import Appends

NOW = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)


def row(batch: str) -> dict[str, Any]:
    return {"batch": batch, "accepted_at": NOW, "source": "api", "events": 1, "payload": b"\x90"}


def nothing(_connection: Connection) -> None:
    return


async def test_what_waits_is_committed_together(journal_db: Database) -> None:
    commits = 0
    inner = journal_db._commit

    def counted(group: list[Any]) -> None:
        nonlocal commits
        commits += 1
        inner(group)

    journal_db._commit = counted  # type: ignore[method-assign]
    appends = Appends(journal_db)
    await asyncio.gather(*(appends.add([row(str(i))], nothing) for i in range(50)))
    assert commits <= 2


async def test_one_that_is_refused_does_not_take_the_others_with_it(
    journal_db: Database, journal: Journal
) -> None:
    appends = Appends(journal_db)
    results = await asyncio.gather(
        *(appends.add([row(name)], nothing) for name in ("a", "b", "a", "c")),
        return_exceptions=True,
    )
    assert [type(r) for r in results] == [type(None), type(None), StoreError, type(None)]
    assert len(await journal.after(0)) == 3


async def test_what_stands_beside_fails_with_its_rows(
    journal_db: Database, journal: Journal
) -> None:
    def refuse(_connection: Connection) -> None:
        raise ValueError("no")

    appends = Appends(journal_db)
    results = await asyncio.gather(
        appends.add([row("a")], refuse), appends.add([row("b")], nothing), return_exceptions=True
    )
    assert isinstance(results[0], ValueError)
    assert results[1] is None
    assert len(await journal.after(0)) == 1


async def test_a_caller_that_leaves_while_it_waits_is_left_out(
    journal_db: Database, journal: Journal
) -> None:
    hold = Flag()
    blocking = journal_db.submit(lambda _c: hold.wait(5))
    appends = Appends(journal_db)
    first = asyncio.create_task(appends.add([row("a")], nothing))
    await asyncio.sleep(0.01)  # it is handed over, and waits for the writer
    second = asyncio.create_task(appends.add([row("b")], nothing))
    await asyncio.sleep(0.01)
    second.cancel()
    hold.set()
    await asyncio.wrap_future(blocking)
    await first
    await appends.add([row("c")], nothing)
    assert second.cancelled()
    assert len(await journal.after(0)) == 2


async def test_a_canceled_write_does_not_stop_the_writer(db: Database) -> None:
    hold = Flag()
    blocking: Future[Any] = db.submit(lambda _c: hold.wait(5))
    waiting = asyncio.create_task(db.write(lambda _c: "never"))
    await asyncio.sleep(0.01)
    waiting.cancel()
    hold.set()
    await asyncio.wrap_future(blocking)
    assert await db.write(lambda _c: "on") == "on"
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_a_moment_is_kept_to_the_microsecond(journal_db: Database) -> None:
    journal = Journal(journal_db, lambda: NOW)
    await journal.append("api", [Event("api", NOW, {"alertname": "A"})])
    assert (await journal.after(0))[0].accepted_at == NOW
