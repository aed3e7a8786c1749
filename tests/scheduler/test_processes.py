"""Several processes share one task table: a lane stays one lane, and nobody's work is left."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from functools import partial

import pytest
from sqlalchemy import Connection

from core.store import Database
from core.task import Completion, Task, TaskKind, on_node
from scheduler.tasks import EmbeddedQueue
from tests.scheduler.work import leave, left, make_queue, rows, until, until_states

pytestmark = [
    pytest.mark.usefixtures("engine"),
    pytest.mark.postgres,
]


class Process:
    """One process; all share the counts of what runs."""

    def __init__(self, db: Database, at_once: Counter[str], most: Counter[str], **options: object):
        self.queue: EmbeddedQueue = make_queue(db, **options)
        self.ran: list[int] = []
        self._at_once, self._most = at_once, most
        for kind, concurrency in (("one", 1), ("three", 3)):
            self.queue.register(TaskKind(kind=kind, handler=self._work, concurrency=concurrency))

    async def _work(self, task: Task) -> Completion:
        self.ran.append(task.payload["n"])
        self._at_once[task.queue] += 1
        self._most[task.queue] = max(self._most[task.queue], self._at_once[task.queue])
        await asyncio.sleep(0.005)
        self._at_once[task.queue] -= 1
        return Completion(partial(leave, text=str(task.payload["n"])))


@pytest.fixture
async def most(db: Database) -> Counter[str]:
    return Counter()


@pytest.fixture
async def three(db: Database, most: Counter[str]) -> AsyncIterator[list[Process]]:
    at_once: Counter[str] = Counter()
    processes = [Process(db, at_once, most) for _ in range(3)]
    for process in processes:
        await process.queue.start()
    yield processes
    for process in processes:
        await process.queue.stop(2)


def put(queue: EmbeddedQueue, kind: str, lanes: int, count: int, tx: Connection) -> None:
    for n in range(count):
        queue.defer(tx, kind, {"n": n}, queue=f"{kind}:{n % lanes}")


@pytest.mark.parametrize(("kind", "limit"), [("one", 1), ("three", 3)])
async def test_a_lane_keeps_its_limit_over_all_processes(
    db: Database, three: list[Process], most: Counter[str], kind: str, limit: int
) -> None:
    for process in three:
        await db.write(partial(put, process.queue, kind, 3, 30))
    await until_states(db, *["succeeded"] * 90)
    assert set(most) == {f"{kind}:{n}" for n in range(3)}
    assert max(most.values()) <= limit
    assert Counter(await left(db)) == Counter({str(n): 3 for n in range(30)})
    assert sum(len(process.ran) for process in three) == 90  # nobody died: each ran once


async def test_what_one_process_defers_wakes_another(db: Database, three: list[Process]) -> None:
    outside = make_queue(db)  # it runs nothing
    for n in range(5):
        await db.write(lambda c, n=n: outside.defer(c, "one", {"n": n}))
        await until(lambda n=n: sum(len(p.ran) for p in three) == n + 1)


async def test_two_that_defer_one_key_at_once_add_one_task(db: Database) -> None:
    queues = [make_queue(db), make_queue(db)]
    for queue in queues:
        queue.register(TaskKind(kind="one", handler=_nothing))
    others = Database(db.engine)
    for round_ in range(10):
        both = (
            base.write(lambda c, q=queue, k=str(round_): q.defer(c, "one", {}, key=k))
            for base, queue in zip((db, others), queues, strict=True)
        )
        await asyncio.gather(*both)
    assert [row.key for row in await rows(db)] == [str(n) for n in range(10)]


async def test_a_lane_of_one_machine_is_run_there(db: Database, most: Counter[str]) -> None:
    here = Process(db, Counter(), most, node="here")
    there = Process(db, Counter(), most, node="there")
    for process in (here, there):
        await process.queue.start()
    lane = on_node("three:reports", "there")
    for n in range(6):
        await db.write(lambda c, n=n: here.queue.defer(c, "three", {"n": n}, queue=lane))
    await until_states(db, *["succeeded"] * 6)
    for process in (here, there):
        await process.queue.stop(1)
    assert (len(here.ran), len(there.ran)) == (0, 6)


async def test_a_worker_runs_the_kinds_it_is_told_to(db: Database, most: Counter[str]) -> None:
    some = Process(db, Counter(), most, only=frozenset({"one"}))
    await some.queue.start()
    await db.write(lambda c: some.queue.defer(c, "three", {"n": 3}))
    await db.write(lambda c: some.queue.defer(c, "one", {"n": 1}))
    await until_states(db, "pending", "succeeded")
    await some.queue.stop(1)
    assert some.ran == [1]


async def _nothing(_task: Task) -> None:
    """Not run."""
