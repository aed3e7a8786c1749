"""Leases: what a dead worker had is taken over, and what a living one has is not."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from functools import partial

import pytest

from core.clock import Clock, utc_now
from core.store import Database
from core.task import Completion, Task, TaskKind
from scheduler import tasks as engine
from scheduler.tasks import LEASE
from tests.scheduler.work import Mortal, crash, leave, left, make_queue, rows, until, until_states

pytestmark = pytest.mark.usefixtures("engine")


def later() -> datetime:
    """The clock of a worker that looks when every lease of before has run out."""
    return utc_now() + 2 * LEASE


class Worker:
    """A queue whose handler waits for `gate`, then leaves its name."""

    def __init__(
        self, db: Database, name: str, clock: Clock = utc_now, concurrency: int = 1
    ) -> None:
        self.queue = make_queue(db, clock)
        self.name = name
        self.ran: list[int] = []
        self.gate = asyncio.Event()
        self.queue.register(TaskKind(kind="work", handler=self._work, concurrency=concurrency))

    async def _work(self, task: Task) -> Completion:
        self.ran.append(task.attempts)
        await self.gate.wait()
        return Completion(partial(leave, text=self.name))


async def test_what_a_dead_worker_had_is_done_by_another(db: Database) -> None:
    mine = Mortal(db)
    dead, heir = Worker(mine, "dead"), Worker(db, "heir", later)
    await dead.queue.start()
    await db.write(lambda c: dead.queue.defer(c, "work", {}))
    await until(lambda: dead.ran)
    await crash(dead.queue, mine)
    heir.gate.set()
    await heir.queue.start()
    await until_states(db, "succeeded")
    await heir.queue.stop(1)
    assert heir.ran == [2]  # a crash counts as an attempt
    assert await left(db) == ["heir"]


async def test_who_is_alone_waits_for_no_lease(db: Database) -> None:
    mine = Mortal(db)
    dead, heir = Worker(mine, "dead"), Worker(db, "heir")
    await dead.queue.start()
    await db.write(lambda c: dead.queue.defer(c, "work", {}))
    await until(lambda: dead.ran)
    await crash(dead.queue, mine)
    heir.gate.set()
    await heir.queue.start(alone=True)
    await until_states(db, "succeeded")
    await heir.queue.stop(1)
    assert heir.ran == [2]


async def test_who_lost_its_lease_writes_no_end(db: Database) -> None:
    """A worker that was away for long comes back when another has done its task."""
    slow, heir = Worker(db, "slow"), Worker(db, "heir", later)
    await slow.queue.start()
    await db.write(lambda c: slow.queue.defer(c, "work", {}))
    await until(lambda: slow.ran)
    heir.gate.set()
    await heir.queue.start()
    await until_states(db, "succeeded")
    slow.gate.set()
    await slow.queue.stop(5)
    await heir.queue.stop(1)
    assert await left(db) == ["heir"]
    (row,) = await rows(db)
    assert (row.state, row.attempts) == ("succeeded", 2)


async def test_a_lease_is_renewed_while_its_task_runs(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "RENEW", 0.02)
    monkeypatch.setattr(engine, "LEASE", timedelta(milliseconds=300))
    slow = Worker(db, "slow")
    await slow.queue.start()
    await db.write(lambda c: slow.queue.defer(c, "work", {}))
    await until(lambda: slow.ran)
    other = Worker(db, "other")
    other.gate.set()
    await other.queue.start()
    first = (await rows(db))[0].leased_until
    async with asyncio.timeout(5):
        while (await rows(db))[0].leased_until <= first + timedelta(milliseconds=600):
            await asyncio.sleep(0.02)
    slow.gate.set()
    await until_states(db, "succeeded")
    await slow.queue.stop(1)
    await other.queue.stop(1)
    assert (slow.ran, other.ran) == ([1], [])


async def test_what_runs_here_is_not_taken_again_though_its_lease_ran_out(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk keeps leases from being renewed; the task runs on all the same."""
    monkeypatch.setattr(engine, "LEASE", timedelta(0))
    one = Worker(db, "one", concurrency=2)
    await one.queue.start()
    await db.write(lambda c: one.queue.defer(c, "work", {}))
    await until(lambda: one.ran)
    await db.write(lambda c: one.queue.defer(c, "work", {}))
    await until(lambda: len(one.ran) == 2)
    one.gate.set()
    await until_states(db, "succeeded", "succeeded")
    await one.queue.stop(1)
    assert one.ran == [1, 1]


async def test_an_end_that_the_store_does_not_take_is_written_when_it_does(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "WRITE_AGAIN", (0.01,) * 500)
    mine = Mortal(db)
    one = Worker(mine, "one")
    await one.queue.start()
    await db.write(lambda c: one.queue.defer(c, "work", {}))
    await until(lambda: one.ran)
    mine.dead = True
    one.gate.set()
    await asyncio.sleep(0.05)
    assert [r.state for r in await rows(db)] == ["running"]
    mine.dead = False
    await until_states(db, "succeeded")
    await one.queue.stop(1)
    assert one.ran == [1]


async def test_an_end_that_is_never_written_leaves_the_task_to_its_lease(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "WRITE_AGAIN", ())
    monkeypatch.setattr(engine, "RENEW", 0.01)
    monkeypatch.setattr(engine, "LEASE", timedelta(milliseconds=100))
    monkeypatch.setattr(engine, "POLL", 0.05)
    mine = Mortal(db)
    one = Worker(mine, "one")
    await one.queue.start()
    await db.write(lambda c: one.queue.defer(c, "work", {}))
    await until(lambda: one.ran)
    mine.dead = True
    one.gate.set()
    await until(lambda: not one.queue._held)
    mine.dead = False
    await until_states(db, "succeeded")  # its lease is not renewed: it runs again
    await one.queue.stop(1)
    assert one.ran == [1, 2]
    assert await left(db) == ["one"]
