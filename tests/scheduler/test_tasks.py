"""The contract of a task queue; every engine must pass it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from core.clock import utc_now
from core.errors import Conflict, DeliveryError
from core.store import Database
from core.store.schema import tasks
from core.task import Handler, Reschedule, Task, TaskKind
from scheduler.tasks import EmbeddedQueue
from tests.scheduler.work import make_queue

pytestmark = pytest.mark.usefixtures("engine")


@pytest.fixture
async def queue(db: Database) -> AsyncIterator[EmbeddedQueue]:
    engine = make_queue(db)
    yield engine
    await engine.stop(1)


async def start(queue: EmbeddedQueue, handler: Handler, **options: Any) -> None:
    queue.register(TaskKind(kind="work", handler=handler, **options))
    await queue.start()


async def rows(db: Database) -> list[Any]:
    return await db.read(lambda c: list(c.execute(select(tasks).order_by(tasks.c.number))))


async def until(condition: Any) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.005)


async def test_a_deferred_task_runs_once(db: Database, queue: EmbeddedQueue) -> None:
    ran: list[Any] = []

    async def handler(task: Task) -> None:
        ran.append(task.payload["n"])

    await start(queue, handler)
    for n in range(20):
        await db.write(lambda c, n=n: queue.defer(c, "work", {"n": n}))
    await queue.idle()
    assert sorted(ran) == list(range(20))
    assert {r.state for r in await rows(db)} == {"succeeded"}


async def test_what_is_rolled_back_never_runs(db: Database, queue: EmbeddedQueue) -> None:
    ran: list[int] = []

    async def handler(task: Task) -> None:
        ran.append(1)

    await start(queue, handler)

    def work(tx: Any) -> None:
        queue.defer(tx, "work", {})
        raise ValueError("changed my mind")

    with pytest.raises(ValueError, match="mind"):
        await db.write(work)
    await queue.idle()
    assert ran == []
    assert await rows(db) == []


async def test_one_unfinished_task_a_key(db: Database, queue: EmbeddedQueue) -> None:
    gate, ran = asyncio.Event(), []

    async def handler(task: Task) -> None:
        ran.append(1)
        await gate.wait()

    await start(queue, handler)
    for _ in range(5):
        await db.write(lambda c: queue.defer(c, "work", {}, key="k"))
    await until(lambda: ran)
    gate.set()
    await queue.idle()
    await db.write(lambda c: queue.defer(c, "work", {}, key="k"))
    await queue.idle()
    assert len(ran) == 2


async def test_failures_are_retried_then_dead(db: Database, queue: EmbeddedQueue) -> None:
    attempts: list[int] = []
    dead: list[str] = []

    async def handler(task: Task) -> None:
        attempts.append(task.attempts)
        raise DeliveryError("no", code="503")

    async def on_dead(task: Task, why: str) -> None:
        dead.append(why)

    await start(queue, handler, retry_delays=(0, 0), on_dead=on_dead)
    await db.write(lambda c: queue.defer(c, "work", {}))
    await until(lambda: dead)
    assert attempts == [1, 2, 3]
    assert dead == ["503: no"]
    await queue.retry(1)
    await until(lambda: len(dead) == 2)
    assert attempts == [1, 2, 3, 1, 2, 3]


async def test_a_definite_refusal_is_not_retried(db: Database, queue: EmbeddedQueue) -> None:
    attempts: list[int] = []

    async def handler(task: Task) -> None:
        attempts.append(1)
        raise DeliveryError("gone", retryable=False)

    await start(queue, handler)
    await db.write(lambda c: queue.defer(c, "work", {}))
    await until(lambda: attempts)
    await queue.idle()
    assert attempts == [1]
    assert [r.state for r in await rows(db)] == ["failed"]


async def test_a_handler_may_ask_for_later(db: Database, queue: EmbeddedQueue) -> None:
    seen: list[int] = []

    async def handler(task: Task) -> None:
        seen.append(task.attempts)
        if len(seen) < 3:
            raise Reschedule(utc_now() + timedelta(milliseconds=5))

    await start(queue, handler)
    await db.write(lambda c: queue.defer(c, "work", {}))
    await until(lambda: len(seen) == 3)
    assert seen == [1, 1, 1]


async def test_a_lane_runs_one_at_a_time_and_lanes_side_by_side(
    db: Database, queue: EmbeddedQueue
) -> None:
    now: dict[str, int] = {}
    most: dict[str, int] = {}
    together = 0

    async def handler(task: Task) -> None:
        nonlocal together
        now[task.queue] = now.get(task.queue, 0) + 1
        most[task.queue] = max(most.get(task.queue, 0), now[task.queue])
        together = max(together, sum(now.values()))
        await asyncio.sleep(0.01)
        now[task.queue] -= 1

    await start(queue, handler)
    for n in range(12):
        await db.write(lambda c, n=n: queue.defer(c, "work", {}, queue=f"work:{n % 3}"))
    await queue.idle()
    assert set(most.values()) == {1}
    assert together > 1


async def test_a_timeout_counts_as_a_failure(db: Database, queue: EmbeddedQueue) -> None:
    async def handler(task: Task) -> None:
        await asyncio.Event().wait()

    await start(queue, handler, timeout=timedelta(milliseconds=20), retry_delays=())
    await db.write(lambda c: queue.defer(c, "work", {}))
    await queue.idle()
    assert [r.state for r in await rows(db)] == ["timed_out"]
    await db.write(lambda c: queue.defer(c, "work", {}, run_at=utc_now() + timedelta(hours=1)))
    with pytest.raises(Conflict):
        await queue.retry(2)


async def test_stopping_gives_back_what_runs(db: Database) -> None:
    first = make_queue(db)
    began = asyncio.Event()

    async def endless(task: Task) -> None:
        began.set()
        await asyncio.Event().wait()

    await start(first, endless)
    await db.write(lambda c: first.defer(c, "work", {}))
    await began.wait()
    await first.stop(0.01)
    ran: list[int] = []

    async def handler(task: Task) -> None:
        ran.append(task.attempts)

    second = make_queue(db)
    await start(second, handler)
    await second.idle()
    await second.stop(1)
    assert ran == [1]
