"""What a process that does not decide reads of the fold: the state that the decider committed.

It is loaded when someone asks, as of one moment, and used for a second: a list may be that old.
"""

from __future__ import annotations

import asyncio
import time

from core.clock import Clock
from core.decide.fold import Fold
from core.decide.policy import Policy
from core.decide.signal import Evaluate
from core.store.database import Database
from core.store.decided import folded, load_state
from core.store.journal import Journal

FRESH = 1.0  # seconds
LOOK = 0.05


class Standby:
    """A fold to read from, of what another process has decided."""

    def __init__(self, db: Database, journal: Journal, evaluate: Evaluate, clock: Clock) -> None:
        self._db = db
        self._journal = journal
        self.evaluate = evaluate
        self._clock = clock
        self._lock = asyncio.Lock()
        self._fold: Fold | None = None
        self._seq = 0
        self._read_at = 0.0

    async def settled(self) -> None:
        """Wait until what was accepted before this call is decided and committed."""
        last = await self._journal.last_seq()
        while True:
            seq = await self._db.read(folded)
            if self._seq < last <= seq:
                self._fold = None  # what is kept does not have it
            if seq >= last:
                return
            await asyncio.sleep(LOOK)

    async def fold(self, policy: Policy) -> Fold:
        """The fold as it was committed, at most FRESH seconds ago. Read it, and change nothing."""
        async with self._lock:
            if self._fold is None or time.monotonic() - self._read_at > FRESH:
                now, self._read_at = self._clock(), time.monotonic()
                state, self._seq = await self._db.read_whole(lambda c: load_state(c, now))
                self._fold = Fold(policy, state, self.evaluate)
            return self._fold
