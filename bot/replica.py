"""This process among those that serve one PostgreSQL database.

All accept and serve. One decides: it holds the lease `decide`, and the others hand it what people
do. One of each machine reads that machine's logs and directories: it holds `sources:<node>`.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Awaitable, Callable
from functools import partial

from sqlalchemy import Connection

from core import metrics
from core.decide.state import Changes
from core.handover import Answerer, Asker
from core.loop import Loop
from core.store.bell import Bell, Rings, ring
from core.store.database import Database
from core.store.journal import Journal
from core.store.lease import Lease

Act = Callable[[], Awaitable[None]]


def process_name(node: str) -> str:
    """What this process is called among all: unlike any other, also after a restart."""
    return f"{node[:32]}/{os.getpid()}-{secrets.token_hex(3)}"


class Replica:
    """Wires the loop to the leases and the bell. `start()`, and `stop()` before the loop ends."""

    def __init__(
        self,
        db: Database,
        journal: Journal,
        loop: Loop,
        *,
        name: str,
        node: str,
        decides: tuple[Act, Act],
        reads: tuple[Act, Act],
    ) -> None:
        """decides, reads: what begins with the lease, and what ends with it."""
        self.bell = Bell(db.engine)
        self._loop = loop
        self._journal = journal
        self._decides = decides
        self.decider = Lease(db.engine, "decide", name, self._begin, self._end)
        self._reader = Lease(db.engine, f"sources:{node}", name, *reads)
        self._asker = Asker(db)
        self._answerer = Answerer(db, loop, self.decider.check)
        loop.elsewhere = self._asker.ask
        loop.before_write = partial(self.decider.check, keep=False)
        loop.before_commit = self._before_commit
        journal.check = self._reader.check
        journal.ring(True)
        self.bell.on(Rings.JOURNAL, lambda _payload: loop.wake())
        self.bell.on(Rings.ASKED, lambda _payload: self._answerer.wake())
        self.bell.on(Rings.ANSWERED, self._asker.heard)

    async def start(self) -> None:
        """Listen, and ask for the right to decide."""
        await self.bell.start()
        await self.decider.start()

    async def read_sources(self) -> None:
        """Ask for the right to read what is on this machine."""
        await self._reader.start()

    async def stop_sources(self) -> None:
        """Leave this machine's sources to another process on it."""
        await self._reader.stop()

    async def stop(self) -> None:
        """Let another process decide, at once."""
        await self.decider.stop()
        await self.bell.stop()

    @property
    def condition(self) -> str:
        """Who decides, for people."""
        stand = self.decider.stand
        if self.decider.held or stand is None:
            return "" if self.decider.held else "nobody decides yet"
        return f"{stand.holder} decides (epoch {stand.epoch})"

    async def _begin(self) -> None:
        self._journal.ring(False)
        metrics.DECIDES.set(1)
        metrics.EPOCH.set(self.decider.epoch)
        self._loop.begin()
        self._answerer.start()
        await self._decides[0]()

    async def _end(self) -> None:
        self._journal.ring(True)
        metrics.DECIDES.set(0)
        await self._answerer.stop()
        await self._decides[1]()
        await self._loop.leave()

    def _before_commit(self, connection: Connection, changes: Changes) -> None:
        if changes.incidents:
            ring(connection, Rings.INCIDENTS, ",".join(map(str, changes.incidents)))
        self.decider.check(connection)
