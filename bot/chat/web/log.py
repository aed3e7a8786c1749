"""What was said in the built-in rooms: rows in order, and a bell for those who wait."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, Select, insert, select

from core.clock import Clock, utc_now
from core.store.bell import Rings, ring
from core.store.database import Database
from core.store.locks import Order, in_order
from core.store.rows import from_row
from core.store.schema import messages as table

LineFormat = Literal["text", "markdown"]
HOUSE = "tocsin"  # the author of notifications and replies
MAX_LINES = 200


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One message of a room. seq only grows; what a person said is `text`, the rest `markdown`.

    incident: the number of the incident it is about. key: a notification's idempotency key.
    """

    seq: int
    room: str
    at: datetime
    author: str
    text: str
    format: LineFormat
    incident: int | None = None
    key: str | None = None


class RoomLog:
    """The lines of every room. One a process, since it wakes the listeners of its own process."""

    def __init__(self, db: Database, clock: Clock = utc_now) -> None:
        self._db = db
        self._clock = clock
        self._bell = asyncio.Condition()
        self._rung = 0
        self.closed = False

    async def append(
        self,
        room: str,
        author: str,
        said: str,
        format_: LineFormat,
        *,
        incident: int | None = None,
        key: str | None = None,
    ) -> Line:
        """Add a line and wake the listeners. The same `key` again: the line that stands already."""
        values = {
            "room": room,
            "at": self._clock(),
            "author": author,
            "text": said,
            "format": format_,
            "incident": incident,
            "key": key,
        }

        def work(connection: Connection) -> Line:
            # Lines become visible in the order of their numbers: no reader misses one.
            in_order(connection, Order.ROOM)
            known = select(table).where(table.c.key == key)
            row = connection.execute(known).first() if key is not None else None
            if row is None:
                row = connection.execute(insert(table).values(values).returning(*table.c)).one()
                ring(connection, Rings.ROOM)
            return from_row(Line, row)

        line = await self._db.write(work)
        await self.ring()
        return line

    async def after(self, room: str, seq: int, limit: int = MAX_LINES) -> list[Line]:
        """The lines that follow `seq`, oldest first."""
        query = select(table).where(table.c.room == room, table.c.seq > seq)
        return await self._lines(query.order_by(table.c.seq).limit(min(limit, MAX_LINES)))

    async def before(self, room: str, seq: int | None, limit: int = MAX_LINES) -> list[Line]:
        """The last lines before `seq` (None: the newest there are), oldest first."""
        query = select(table).where(table.c.room == room)
        if seq is not None:
            query = query.where(table.c.seq < seq)
        lines = await self._lines(query.order_by(table.c.seq.desc()).limit(min(limit, MAX_LINES)))
        return lines[::-1]

    async def last_incident(self, room: str) -> int | None:
        """The incident that was spoken of last in `room`."""
        query = select(table.c.incident).where(table.c.room == room, table.c.incident.is_not(None))
        newest = query.order_by(table.c.seq.desc()).limit(1)
        return await self._db.read(lambda c: c.execute(newest).scalar())

    async def wait(self, room: str, seq: int, seconds: float) -> list[Line]:
        """The lines that follow `seq`, as soon as there are any; [] after `seconds`, or closed.

        Another process may append on PostgreSQL. Where its bell is missed its lines come when
        the time is over, so `seconds` is also how late they may be.
        """
        rung = self._rung
        lines = await self.after(room, seq)
        if lines or self.closed:
            return lines
        try:
            async with asyncio.timeout(seconds), self._bell:
                await self._bell.wait_for(lambda: self.closed or self._rung != rung)
        except TimeoutError:
            pass
        return await self.after(room, seq)

    async def close(self) -> None:
        """Let every listener go; later calls of `wait` return at once."""
        self.closed = True
        await self.ring()

    async def ring(self) -> None:
        """Let the listeners look: there may be lines of another process."""
        async with self._bell:
            self._rung += 1
            self._bell.notify_all()

    async def _lines(self, query: Select[Any]) -> list[Line]:
        return await self._db.read(lambda c: [from_row(Line, row) for row in c.execute(query)])
