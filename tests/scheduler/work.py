"""What tests of the task queue share: rows, waiting, a place to write into, and a crash."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, insert, select

from core.clock import Clock, utc_now
from core.errors import StoreError
from core.store import Database, schema
from core.store.database import Work
from core.store.schema import tasks
from scheduler.procrastinate_queue import ProcrastinateQueue
from scheduler.tasks import EmbeddedQueue
from tests.conftest import POSTGRES

PATIENCE = 15.0
ENGINES: dict[str, type[EmbeddedQueue]] = {"embedded": EmbeddedQueue}
if POSTGRES:
    ENGINES["procrastinate"] = ProcrastinateQueue
chosen: type[EmbeddedQueue] = EmbeddedQueue  # set by the fixture `engine`


def make_queue(db: Database, clock: Clock = utc_now, **options: Any) -> EmbeddedQueue:
    """A queue of the engine whose contract is tested."""
    return chosen(db, clock, **options)


async def rows(db: Database) -> list[Any]:
    """Every task, in the order of their numbers."""
    return await db.read(lambda c: list(c.execute(select(tasks).order_by(tasks.c.number))))


async def until(condition: Callable[[], Any]) -> None:
    """Wait for a condition; fail when it does not come."""
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.002)


async def until_states(db: Database, *states: str) -> Sequence[Any]:
    """Wait until the tasks are in these states, in the order of their numbers."""
    async with asyncio.timeout(PATIENCE):
        while [r.state for r in await rows(db)] != list(states):
            await asyncio.sleep(0.005)
    return await rows(db)


def leave(connection: Connection, text: str) -> None:
    """What a completion writes in these tests."""
    row = {"incident": 1, "at": utc_now(), "kind": "test", "by": "test", "text": text}
    connection.execute(insert(schema.timeline), row)


async def left(db: Database) -> list[str]:
    """What completions wrote, in order."""
    table = schema.timeline
    query = select(table.c.text).where(table.c.kind == "test").order_by(table.c.seq)
    return await db.read(lambda c: list(c.execute(query).scalars()))


class Mortal(Database):
    """A database that one process loses when it dies: after `die()` it takes and tells nothing."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.engine = db.engine
        self.dead = False

    def die(self) -> None:
        self.dead = True

    async def write(self, work: Work[Any]) -> Any:
        def unless_dead(connection: Connection) -> Any:
            self._check()
            result = work(connection)
            self._check()  # before the commit
            return result

        self._check()
        return await self._db.write(unless_dead)

    async def read(self, work: Work[Any]) -> Any:
        self._check()
        return await self._db.read(work)

    def _check(self) -> None:
        if self.dead:
            raise StoreError("this process is dead")


async def crash(queue: EmbeddedQueue, db: Mortal) -> None:
    """End a queue as SIGKILL would: nothing that it does from now on is written."""
    db.die()
    await queue.stop(0)
