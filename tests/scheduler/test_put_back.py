"""A clock that is put back by an hour: tasks, leases and a robot's budget go on at once."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from core.clock import utc_now
from core.store import Database, outbox
from core.task import Task, TaskKind
from scheduler.tasks import LEASE, EmbeddedQueue
from tests.scheduler.work import rows, until

HOUR = timedelta(hours=1)


class Wall:
    """A clock on the wall that someone sets."""

    def __init__(self) -> None:
        self.ahead = HOUR

    def __call__(self) -> datetime:
        return utc_now() + self.ahead


async def test_what_waits_for_seconds_does_not_wait_for_an_hour(db: Database) -> None:
    wall, ran = Wall(), asyncio.Event()

    async def handler(task: Task) -> None:
        ran.set()

    queue = EmbeddedQueue(db, wall)
    queue.register(TaskKind(kind="work", handler=handler))
    soon, later = wall() + timedelta(seconds=2), wall() + timedelta(minutes=30)
    await db.write(lambda c: queue.defer(c, "work", {}, run_at=soon))
    await db.write(lambda c: queue.defer(c, "work", {}, run_at=later))
    await queue.start()
    try:
        await asyncio.sleep(0)
        wall.ahead = timedelta(0)
        await until(ran.is_set)
        _first, second = await rows(db)
        assert second.state == "pending"
        left = second.run_at - wall()
        assert timedelta(minutes=28) < left <= timedelta(minutes=30)
    finally:
        await queue.stop(1)


async def test_a_lease_of_one_that_died_before_lasts_no_longer_than_one_does(db: Database) -> None:
    wall = Wall()

    async def handler(task: Task) -> None:
        await asyncio.Event().wait()

    dying = EmbeddedQueue(db, wall)
    dying.register(TaskKind(kind="work", handler=handler))
    await db.write(lambda c: dying.defer(c, "work", {}))
    (task,) = await db.write(dying._claim)
    assert task.attempts == 1
    other = EmbeddedQueue(db, wall)
    wall.ahead = timedelta(0)
    await other._mind_the_clock()
    (row,) = await rows(db)
    assert row.leased_until <= wall() + LEASE


async def test_a_robot_may_send_again_within_a_minute(db: Database) -> None:
    now = utc_now()
    await db.write(lambda c: outbox.spend(c, "robot", now + HOUR, 18))
    assert (await db.read(lambda c: outbox.budget(c, "robot", 18, now + HOUR))).free == 0
    assert (await db.read(lambda c: outbox.budget(c, "robot", 18, now))).free == 18
