"""The bell between processes: PostgreSQL's LISTEN and NOTIFY.

Who writes rings in the transaction that writes, and everyone who listens hears it after the
commit. A bell may be missed (a connection lost): it only makes things quick, what waits is found
by polling as well. On SQLite there is one process, and nothing rings.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from enum import StrEnum

import psycopg
import structlog
from psycopg import sql
from sqlalchemy import Connection, Engine, text

log = structlog.get_logger(__name__)
AGAIN = 1.0  # seconds until a lost connection is tried again
PAYLOAD = 7900  # bytes; PostgreSQL takes under 8,000
_NOTIFY = text("SELECT pg_notify(:name, :payload)")


class Rings(StrEnum):
    """What it rings for; the payload in brackets."""

    JOURNAL = "tocsin_journal"  # events were appended
    TASKS = "tocsin_tasks"  # tasks were deferred
    ASKED = "tocsin_asked"  # a step of a person waits for the decider
    ANSWERED = "tocsin_answered"  # [id] it was done, or refused
    INCIDENTS = "tocsin_incidents"  # [numbers] there is something new to show
    ROOM = "tocsin_room"  # a line was said in a web room
    TOLD = "tocsin_told"  # [incident channel] a channel was told of an incident


def ring(connection: Connection, name: Rings, payload: str = "") -> None:
    """Ring when the transaction at hand is committed; what is too long to say is left out."""
    if connection.dialect.name == "postgresql":
        if len(payload.encode()) > PAYLOAD:
            payload = ""
        connection.execute(_NOTIFY, {"name": str(name), "payload": payload})


class Bell:
    """Hears what other processes, and this one, ring. Add listeners, then `start()`."""

    def __init__(self, engine: Engine) -> None:
        self._address = engine.url.set(drivername="postgresql").render_as_string(
            hide_password=False
        )
        self._hears: dict[str, Callable[[str], None]] = {}
        self._listening: asyncio.Task[None] | None = None

    def on(self, name: Rings, heard: Callable[[str], None]) -> None:
        """Call `heard` in the event loop with the payload of each ring."""
        self._hears[name] = heard

    async def start(self) -> None:
        """Listen from now on."""
        self._listening = asyncio.create_task(self._listen(), name="bell")

    async def stop(self) -> None:
        """Listen no more."""
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)

    async def _listen(self) -> None:
        while True:
            try:
                await self._hear()
            except psycopg.Error as error:
                log.warning("bell_lost", error=str(error))
                await asyncio.sleep(AGAIN)

    async def _hear(self) -> None:
        async with await psycopg.AsyncConnection.connect(
            self._address, autocommit=True, connect_timeout=5, application_name="tocsin bell"
        ) as connection:
            for name in self._hears:
                await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(name)))
            for heard in self._hears.values():
                heard("")  # what rang meanwhile was missed
            async for notice in connection.notifies():
                self._hears[notice.channel](notice.payload)
