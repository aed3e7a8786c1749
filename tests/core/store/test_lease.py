"""A lease on PostgreSQL: one holder, and who lost it writes nothing."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import Connection, insert, select, text

from core.errors import LeaseLost, StoreError
from core.store import Database, lease, schema
from core.store.database import STILL
from core.store.lease import Lease

pytestmark = pytest.mark.postgres
PATIENCE = 15.0


class Holder:
    """One process: what its lease told it."""

    def __init__(self, db: Database, name: str) -> None:
        self.db = db
        self.told: list[str] = []
        self.gained = asyncio.Event()
        self.lost = asyncio.Event()
        self.lease = Lease(db.engine, "decide", name, self._gain, self._loss)

    async def _gain(self) -> None:
        self.told.append("gained")
        self.gained.set()

    async def _loss(self) -> None:
        self.told.append("lost")
        self.lost.set()

    async def write(self, what: str) -> None:
        def work(connection: Connection) -> None:
            connection.execute(insert(schema.counters), {"kind": what, "value": 1})
            self.lease.check(connection)

        await self.db.write(work)


@pytest.fixture
async def two(db: Database) -> AsyncIterator[tuple[Holder, Holder]]:
    first, second = Holder(db, "first"), Holder(db, "second")
    await first.lease.start()
    await second.lease.start()
    yield first, second
    for holder in (first, second):
        with contextlib.suppress(asyncio.CancelledError):
            await holder.lease.stop()


async def written(db: Database) -> set[str]:
    return await db.read(lambda c: set(c.execute(select(schema.counters.c.kind)).scalars()))


async def test_one_of_two_has_it(db: Database, two: tuple[Holder, Holder]) -> None:
    first, second = two
    assert (first.lease.epoch, second.lease.epoch) == (1, 0)
    await first.write("a")
    with pytest.raises(LeaseLost, match="second"):
        await second.write("b")
    assert await written(db) == {"a"}
    assert second.lease.stand is not None
    assert (second.lease.stand.holder, second.lease.stand.epoch) == ("first", 1)


async def test_who_lets_go_is_followed_in_the_next_epoch(two: tuple[Holder, Holder]) -> None:
    first, second = two
    await first.lease.stop()
    async with asyncio.timeout(PATIENCE):
        await second.gained.wait()
    assert second.lease.epoch == 2
    assert first.told == ["gained", "lost"]


async def test_who_does_not_renew_is_followed_and_told_so_when_it_comes_back(
    db: Database, two: tuple[Holder, Holder]
) -> None:
    first, second = two
    # As a process that is paused: its clock and its renewals stand still.
    assert first.lease._running is not None
    first.lease._running.cancel()
    async with asyncio.timeout(PATIENCE):
        await second.gained.wait()
    with pytest.raises(LeaseLost):  # it still believes that it has it
        await first.write("too late")
    await second.write("in time")
    first.lease._running = asyncio.create_task(first.lease._run())  # it goes on
    async with asyncio.timeout(PATIENCE):
        await first.lost.wait()
    assert await written(db) == {"in time"}
    assert not first.lease.held


async def test_a_take_over_waits_for_the_commit_that_has_checked(
    db: Database, two: tuple[Holder, Holder]
) -> None:
    """What the new holder reads is whole: the old one's last commit is in it."""
    first, second = two
    seen: list[set[str]] = []

    async def look() -> None:
        seen.append(await written(db))
        second.gained.set()

    second.lease._on_gain = look
    assert first.lease._running is not None
    first.lease._running.cancel()
    soon = "UPDATE leases SET expires_at = clock_timestamp() + interval '1 second'"
    await db.write(lambda c: c.execute(text(soon)))
    with db.engine.connect() as slow:
        slow.execute(insert(schema.counters), {"kind": "late", "value": 1})
        first.lease.check(slow)
        await asyncio.sleep(lease.RENEW + 0.2)  # it has run out, and the other asks for it
        assert not second.lease.held
        slow.commit()
    async with asyncio.timeout(PATIENCE):
        await second.gained.wait()
    assert seen == [{"late"}]


async def test_a_transaction_that_stands_still_is_ended_by_the_database(db: Database) -> None:
    """A paused process does not keep what it locked: others wait for seconds, not for ever."""
    with db.engine.connect() as paused:
        paused.execute(text("SELECT pg_advisory_xact_lock(42)"))
        await asyncio.wait_for(
            db.write(lambda c: c.execute(text("SELECT pg_advisory_xact_lock(42)"))), PATIENCE
        )
        paused.invalidate()


async def test_who_was_ended_so_is_told_and_writes_again(db: Database) -> None:
    def stands_still(connection: Connection) -> None:
        connection.execute(insert(schema.counters), {"kind": "lost", "value": 1})
        time.sleep(STILL / 1000 + 0.5)
        connection.execute(insert(schema.counters), {"kind": "lost too", "value": 1})

    with pytest.raises(StoreError):
        await db.write(stands_still)
    await db.write(lambda c: c.execute(insert(schema.counters), {"kind": "kept", "value": 1}))
    assert await written(db) == {"kept"}
