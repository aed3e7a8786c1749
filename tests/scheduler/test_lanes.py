"""Lanes: what is taken before its turn keeps its order, and is given back when there is no time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from core.clock import utc_now
from core.errors import Conflict
from core.model.work import Work
from core.store import Database
from core.task import Task, TaskKind
from scheduler.tasks import AHEAD
from tests.scheduler.work import make_queue, rows, until, until_states

pytestmark = pytest.mark.usefixtures("engine")


class Lane:
    """A queue with one lane of kind `work`, whose handler waits to be let through."""

    def __init__(self, db: Database, **options: Any) -> None:
        self.db = db
        self.queue = make_queue(db)
        self.began: list[Any] = []
        self.through = asyncio.Semaphore(0)
        self.queue.register(TaskKind(kind="work", handler=self._work, **options))

    async def _work(self, task: Task) -> None:
        self.began.append(task.payload["n"])
        await self.through.acquire()

    async def put(self, *numbers: Any, priority: int = 1, **more: Any) -> None:
        works = [
            Work(kind="work", payload={"n": n}, priority=priority, queue="work:lane", **more)
            for n in numbers
        ]
        await self.db.write(lambda c: self.queue.defer_all(c, works))

    def let(self, count: int) -> None:
        for _ in range(count):
            self.through.release()


@pytest.fixture
async def lane(db: Database) -> AsyncIterator[Lane]:
    one = Lane(db)
    await one.queue.start()
    yield one
    await one.queue.stop(0)


async def test_what_is_taken_ahead_runs_in_order(lane: Lane) -> None:
    await lane.put(*range(20))
    lane.let(20)
    await lane.queue.idle()
    assert lane.began == list(range(20))


async def test_what_is_urgent_waits_for_no_more_than_was_taken_ahead(lane: Lane) -> None:
    await lane.put(*range(20))
    await until(lambda: lane.began)
    lane.let(1)  # in the commit that ends the first, the next are taken
    await until(lambda: len(lane.began) == 2)
    await asyncio.sleep(0.02)
    await lane.put("urgent", priority=0)
    await lane.put("later", priority=2)
    lane.let(30)
    await lane.queue.idle()
    assert lane.began.index("urgent") <= AHEAD + 2
    assert lane.began[-1] == "later"
    assert [n for n in lane.began if n not in {"urgent", "later"}] == list(range(20))


async def test_what_is_urgent_goes_before_what_waits(lane: Lane) -> None:
    await lane.put("first")
    await until(lambda: lane.began)
    await lane.put("b", "c")
    await lane.put("a", priority=0)
    lane.let(4)
    await lane.queue.idle()
    assert lane.began == ["first", "a", "b", "c"]


async def test_a_stop_gives_back_what_was_taken_and_not_begun(db: Database) -> None:
    first = Lane(db)
    await first.queue.start()
    await first.put(*range(8))
    await until(lambda: first.began)
    first.let(1)
    await until(lambda: len(first.began) == 2)
    async with asyncio.timeout(5):
        while sum(r.state == "running" for r in await rows(db)) < 2:  # one runs, more are taken
            await asyncio.sleep(0.005)
    stopping = asyncio.create_task(first.queue.stop(5))
    await asyncio.sleep(0)
    first.let(1)
    await stopping
    assert first.began == [0, 1]
    found = await rows(db)
    assert [r.state for r in found] == ["succeeded"] * 2 + ["pending"] * 6
    assert [r.attempts for r in found] == [1, 1] + [0] * 6
    second = Lane(db)
    second.let(8)
    await second.queue.start()
    await second.queue.idle()
    await second.queue.stop(1)
    assert second.began == list(range(2, 8))  # in their old places
    assert {r.attempts for r in await rows(db)} == {1}


async def test_what_is_cut_off_by_a_stop_keeps_its_place_too(db: Database) -> None:
    first = Lane(db)
    await first.queue.start()
    await first.put(0, 1, 2)
    await until(lambda: first.began)
    await first.queue.stop(0)
    assert [(r.state, r.attempts) for r in await rows(db)] == [("pending", 0)] * 3
    second = Lane(db)
    second.let(3)
    await second.queue.start()
    await second.queue.idle()
    await second.queue.stop(1)
    assert second.began == [0, 1, 2]


async def test_a_queue_with_room_for_three_runs_three(db: Database) -> None:
    lane = Lane(db, concurrency=lambda queue: 3 if queue == "work:lane" else 1)
    await lane.queue.start()
    await lane.put(*range(9))
    await until(lambda: len(lane.began) == 3)
    await asyncio.sleep(0.02)
    assert len(lane.began) == 3
    lane.let(1)
    await until(lambda: len(lane.began) == 4)
    lane.let(8)
    await lane.queue.idle()
    await lane.queue.stop(1)
    assert sorted(lane.began) == list(range(9))


async def test_to_expedite_is_to_run_what_waits_now(lane: Lane) -> None:
    tomorrow = utc_now() + timedelta(days=1)
    await lane.put("late", key="k", run_at=tomorrow)
    lane.let(2)
    put = lane.queue.defer
    await lane.db.write(lambda c: put(c, "work", {"n": "x"}, queue="work:lane", key="k"))
    assert [r.run_at for r in await rows(lane.db)] == [tomorrow]
    await lane.db.write(
        lambda c: put(c, "work", {"n": "x"}, queue="work:lane", key="k", expedite=True)
    )
    await until_states(lane.db, "succeeded")
    assert lane.began == ["late"]


async def test_to_expedite_what_is_not_there_is_to_defer_it(lane: Lane) -> None:
    lane.let(1)
    put = lane.queue.defer
    await lane.db.write(lambda c: put(c, "work", {"n": "new"}, key="k", expedite=True))
    await until_states(lane.db, "succeeded")


async def test_a_failed_task_is_not_retried_beside_a_newer_one_of_its_key(db: Database) -> None:
    queue = make_queue(db)
    fails = True

    async def handler(task: Task) -> None:
        if fails:
            raise ValueError("no")

    queue.register(TaskKind(kind="work", handler=handler, retry_delays=()))
    await queue.start()
    await db.write(lambda c: queue.defer(c, "work", {}, key="k"))
    await until_states(db, "failed")
    later = utc_now() + timedelta(hours=1)
    await db.write(lambda c: queue.defer(c, "work", {}, key="k", run_at=later))
    with pytest.raises(Conflict, match="TSK-1"):
        await queue.retry(1)
    fails = False
    await db.write(lambda c: queue.defer(c, "work", {}, key="k", expedite=True))
    await until_states(db, "failed", "succeeded")
    await queue.retry(1)
    await until_states(db, "succeeded", "succeeded")
    await queue.stop(1)
