"""Appends to the journal that wait are committed together, as one piece of work for the writer.

The requests that one turn of the event loop took in become one transaction and one hand-over
between the threads; those that arrive while it is committed become the next. Every accepted
event passes here, so it is written to be short: callbacks instead of a task, and on SQLite one
statement past the expression language.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Future
from functools import cache, partial
from typing import Any

import msgspec
from sqlalchemy import Connection, DateTime, Integer, LargeBinary, Text, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY

from core.errors import StoreError
from core.store.bell import Rings, ring
from core.store.database import Database, Statement, Work
from core.store.locks import Order, in_order
from core.store.types import utc_text

GROUP = 256  # appends in one transaction
GATHER = 0.001  # seconds
Beside = Callable[[Connection], None]


class Append(msgspec.Struct, frozen=True):
    """One caller's part: journal rows, and what is written in the same transaction."""

    rows: list[dict[str, Any]]
    beside: Beside | None
    done: asyncio.Future[None]


class Appends:
    """What waits to be appended. Lives in the event loop's thread."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._sqlite = not db.is_postgresql
        self.rings = False  # whether another process must be told
        self._waiting: list[Append] = []
        self._committing = False
        # Callers who were just answered mostly ask again at once. A moment for them makes one
        # commit of what would become two; a lone caller is not waited for.
        self._callers = 0
        self._gathers_until = 0.0
        self._timer: asyncio.TimerHandle | None = None

    async def add(self, rows: list[dict[str, Any]], beside: Beside | None = None) -> None:
        """Return when `rows`, and what `beside` writes, are committed. StoreError when not."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        self._waiting.append(Append(rows, beside, done))
        if not self._committing and self._timer is None:
            gathers = time.monotonic() < self._gathers_until
            # What else arrives in this turn of the loop comes along.
            self._timer = loop.call_later(GATHER if gathers else 0, self._begin)
        if self._timer is not None and len(self._waiting) >= self._callers > 1:
            self._begin()
        await done

    def _begin(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        taken, self._waiting = self._waiting[:GROUP], self._waiting[GROUP:]
        group = [one for one in taken if not one.done.done()]  # a canceled caller is done
        self._committing = bool(group)
        if group:
            self._hand_over(group, self._ended)

    def _hand_over(
        self, group: list[Append], ended: Callable[[list[Append], BaseException | None], None]
    ) -> None:
        loop = asyncio.get_running_loop()

        def tell(future: Future[None]) -> None:
            loop.call_soon_threadsafe(ended, group, future.exception())

        try:
            self._db.submit(_work(group, sqlite=self._sqlite, rings=self.rings)).add_done_callback(
                tell
            )
        except StoreError as error:
            loop.call_soon(ended, group, error)

    def _ended(self, group: list[Append], error: BaseException | None) -> None:
        """A group is committed, or refused. Then those that came meanwhile are next."""
        if error is not None and len(group) > 1:
            # What the database refuses of one must not take the others with it.
            for one in group:
                self._hand_over([one], _end)
        else:
            _end(group, error)
        self._callers = min(len(group) + len(self._waiting), GROUP)
        self._gathers_until = time.monotonic() + GATHER if self._callers > 1 else 0.0
        self._committing = False
        if len(self._waiting) >= self._callers:
            self._begin()
        elif self._waiting:
            self._timer = asyncio.get_running_loop().call_later(GATHER, self._begin)


def _end(group: list[Append], error: BaseException | None) -> None:
    for one in group:
        if one.done.done():
            continue
        if error is None:
            one.done.set_result(None)
        else:
            one.done.set_exception(error)


def _work(group: list[Append], *, sqlite: bool, rings: bool) -> Work[None]:
    """What the writer is to do for these."""
    rows = [row for one in group for row in one.rows]
    beside = [one.beside for one in group if one.beside is not None]
    add = partial(_add_sqlite if sqlite else _add, rows)
    if sqlite and not beside and 0 < len(rows) <= GROUP:
        return _statement(rows)

    def work(connection: Connection) -> None:
        if rows:
            add(connection)
        for write in beside:
            write(connection)
        if rings and rows:
            ring(connection, Rings.JOURNAL)

    return work


# One statement for all rows: a process that is paused between two would hold up all others.
_ADD = text("""
INSERT INTO journal (batch, accepted_at, source, events, payload)
SELECT * FROM unnest(:batches, :moments, :sources, :events, :payloads)
""").bindparams(
    bindparam("batches", type_=ARRAY(Text)),
    bindparam("moments", type_=ARRAY(DateTime(timezone=True))),
    bindparam("sources", type_=ARRAY(Text)),
    bindparam("events", type_=ARRAY(Integer)),
    bindparam("payloads", type_=ARRAY(LargeBinary)),
)


def _add(rows: list[dict[str, Any]], connection: Connection) -> None:
    # The lock comes before the numbers: they become visible in their order.
    in_order(connection, Order.JOURNAL)
    columns = {
        "batches": "batch",
        "moments": "accepted_at",
        "sources": "source",
        "events": "events",
        "payloads": "payload",
    }
    connection.execute(_ADD, {many: [row[one] for row in rows] for many, one in columns.items()})


def _add_sqlite(rows: list[dict[str, Any]], connection: Connection) -> None:
    for start in range(0, len(rows), GROUP):
        _statement(rows[start : start + GROUP])(connection)


def _statement(rows: list[dict[str, Any]]) -> Statement:
    """One statement for all rows: Python's lock is let go and taken again once, not once a row."""
    values: list[Any] = []
    for row in rows:
        moment = utc_text(row["accepted_at"])
        values += (row["batch"], moment, row["source"], row["events"], row["payload"])
    return Statement(_insert_sqlite(len(rows)), tuple(values))


@cache
def _insert_sqlite(rows: int) -> str:
    """At most GROUP rows, with five values each, stay far below SQLite's limit of 32,766."""
    places = ", ".join(["(?, ?, ?, ?, ?)"] * rows)
    return f"INSERT INTO journal (batch, accepted_at, source, events, payload) VALUES {places}"
