"""How a run ends: what its handler leaves is written with the end of the task, or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, insert

from core.store import Database, schema
from core.task import Completion, Task, TaskKind
from scheduler import tasks as engine
from scheduler.tasks import EmbeddedQueue
from tests.scheduler.work import leave, left, make_queue, rows, until, until_states

pytestmark = pytest.mark.usefixtures("engine")


@pytest.fixture
async def queue(db: Database) -> AsyncIterator[EmbeddedQueue]:
    one = make_queue(db)
    yield one
    await one.stop(1)


async def test_the_completion_is_written_with_the_end(db: Database, queue: EmbeddedQueue) -> None:
    states: list[str] = []
    told: list[int] = []

    async def handler(task: Task) -> Completion:
        def write(connection: Connection) -> None:
            states.append(connection.execute(schema.tasks.select()).one().state)
            leave(connection, "done")

        return Completion(write, lambda: told.append(task.number))

    queue.register(TaskKind(kind="work", handler=handler))
    await queue.start()
    await db.write(lambda c: queue.defer(c, "work", {}))
    await until(lambda: told)
    assert states == ["succeeded"]  # seen in the same transaction
    assert await left(db) == ["done"]
    assert [r.state for r in await rows(db)] == ["succeeded"]


def _breaks(_connection: Connection) -> None:
    raise ValueError("a mistake of ours")


def _is_refused(connection: Connection) -> None:
    row = {"kind": "X", "value": 1}
    connection.execute(insert(schema.counters), [row, row])


@pytest.mark.parametrize("breaks", [_breaks, _is_refused])
async def test_a_completion_that_fails_is_a_failed_run(
    db: Database,
    queue: EmbeddedQueue,
    breaks: Callable[[Connection], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(engine, "WRITE_AGAIN", (0.01,))
    runs: list[int] = []

    async def handler(task: Task) -> Completion:
        runs.append(task.attempts)

        def write(connection: Connection) -> None:
            leave(connection, f"run {task.attempts}")
            if task.attempts < 3:
                breaks(connection)

        return Completion(write)

    queue.register(TaskKind(kind="work", handler=handler, retry_delays=(0, 0)))
    await queue.start()
    await db.write(lambda c: queue.defer(c, "work", {}))
    await db.write(lambda c: queue.defer(c, "work", {}))
    await until_states(db, "succeeded", "succeeded")
    assert sorted(runs) == [1, 1, 2, 2, 3, 3]
    assert await left(db) == ["run 3", "run 3"]


async def test_a_completion_that_never_works_is_a_dead_task(
    db: Database, queue: EmbeddedQueue
) -> None:
    dead: list[str] = []

    async def handler(task: Task) -> Completion:
        return Completion(_breaks)

    async def on_dead(task: Task, why: str) -> None:
        dead.append(why)

    queue.register(TaskKind(kind="work", handler=handler, retry_delays=(0,), on_dead=on_dead))
    await queue.start()
    await db.write(lambda c: queue.defer(c, "work", {}))
    await until(lambda: dead)
    assert dead == ["ValueError: a mistake of ours"]
    (row,) = await rows(db)
    assert (row.state, row.attempts) == ("failed", 2)


async def test_who_is_told_of_an_end_cannot_stop_the_lane(
    db: Database, queue: EmbeddedQueue
) -> None:
    def then() -> None:
        raise ValueError("told badly")

    async def handler(task: Task) -> Completion:
        if task.payload["n"] == 0:
            raise ValueError("no")
        return Completion(partial(leave, text=str(task.payload["n"])), then)

    async def on_dead(task: Task, why: str) -> None:
        raise ValueError("told worse")

    queue.register(TaskKind(kind="work", handler=handler, retry_delays=(), on_dead=on_dead))
    await queue.start()
    for n in range(4):
        await db.write(lambda c, n=n: queue.defer(c, "work", {"n": n}))
    await until_states(db, "failed", "succeeded", "succeeded", "succeeded")
    assert await left(db) == ["1", "2", "3"]


async def _times_out_inside(_task: Task) -> None:
    raise TimeoutError("the other side took too long")


async def _waits_for_what_is_canceled(_task: Task) -> None:
    other = asyncio.ensure_future(asyncio.sleep(60))
    other.cancel()
    await other


async def _is_wrong(_task: Task) -> None:
    raise KeyError("x")


@pytest.mark.parametrize(
    ("handler", "said"),
    [
        (_times_out_inside, "TimeoutError: the other side took too long"),
        (_waits_for_what_is_canceled, "CancelledError: "),
        (_is_wrong, "KeyError: 'x'"),
    ],
)
async def test_an_unexpected_end_is_a_failed_run_in_its_own_words(
    db: Database, queue: EmbeddedQueue, handler: Any, said: str
) -> None:
    queue.register(TaskKind(kind="work", handler=handler, retry_delays=(0,)))
    await queue.start()
    await db.write(lambda c: queue.defer(c, "work", {}))
    (row,) = await until_states(db, "failed")
    assert (row.error, row.attempts) == (said, 2)
