"""Appends to the journal that wait are committed together, as one piece of work for the writer.

The requests that one turn of the event loop took in become one transaction and one hand-over
between the threads; those that arrive while it is committed become the next. A lone request
waits for nobody.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import msgspec
from sqlalchemy import Connection, insert

from core.store.database import Database
from core.store.locks import Order, in_order
from core.store.schema import journal

_INSERT = insert(journal)
_INSERT_SQLITE = (
    "INSERT INTO journal (batch, accepted_at, source, events, payload) VALUES (?, ?, ?, ?, ?)"
)
GROUP = 256  # appends in one transaction
GATHER = 0.001  # seconds


class Append(msgspec.Struct, frozen=True):
    """One caller's part: journal rows, and what is written in the same transaction."""

    rows: list[dict[str, Any]]
    beside: Callable[[Connection], None]
    done: asyncio.Future[None]


class Appends:
    """What waits to be appended. Lives in the event loop's thread."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._waiting: list[Append] = []
        self._writer: asyncio.Task[None] | None = None

    async def add(self, rows: list[dict[str, Any]], beside: Callable[[Connection], None]) -> None:
        """Return when `rows`, and what `beside` writes, are committed. StoreError when not."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(Append(rows, beside, done))
        if self._writer is None:
            self._writer = asyncio.create_task(self._write(), name="journal")
        await done

    async def _write(self) -> None:
        while self._waiting:
            taken, self._waiting = self._waiting[:GROUP], self._waiting[GROUP:]
            group = [one for one in taken if not one.done.done()]  # a canceled caller is done
            try:
                await self._db.write(partial(_append, group))
            except Exception as error:  # noqa: BLE001 - handed to the callers who wait for it
                await self._apart(group, error)
            else:
                for one in group:
                    _end(one, None)
            await self._gather(len(group) + len(self._waiting))
        self._writer = None

    async def _gather(self, callers: int) -> None:
        """Callers who were just answered mostly ask again at once. A moment for them makes one
        commit of what would become two; a lone caller is not waited for.
        """
        if callers > 1:
            until = time.perf_counter() + GATHER
            # Too short for a timer, whose step is a millisecond.
            while len(self._waiting) < min(callers, GROUP) and time.perf_counter() < until:  # noqa: ASYNC110
                await asyncio.sleep(0)

    async def _apart(self, group: list[Append], error: Exception) -> None:
        """What the database refuses of one must not take the others with it: each by itself."""
        if len(group) == 1:
            _end(group[0], error)
            return
        writes = (self._db.write(partial(_append, [one])) for one in group)
        results = await asyncio.gather(*writes, return_exceptions=True)
        for one, result in zip(group, results, strict=True):
            _end(one, result)


def _end(one: Append, error: BaseException | None) -> None:
    if one.done.done():
        return
    if error is None:
        one.done.set_result(None)
    else:
        one.done.set_exception(error)


def _append(group: list[Append], connection: Connection) -> None:
    rows = [row for one in group for row in one.rows]
    if rows:
        _insert(connection, rows)
    for one in group:
        one.beside(connection)


def _insert(connection: Connection, rows: list[dict[str, Any]]) -> None:
    if connection.dialect.name == "postgresql":
        in_order(connection, Order.JOURNAL)
        connection.execute(_INSERT, rows)
        return
    # Every accepted event passes here: without the expression language it takes half the time.
    connection.exec_driver_sql(
        _INSERT_SQLITE,
        [
            (r["batch"], _moment(r["accepted_at"]), r["source"], r["events"], r["payload"])
            for r in rows
        ],
    )


def _moment(moment: datetime) -> str:
    """As core.store.types.UtcDateTime has it on SQLite."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
