"""The decide loop: journal in, decisions out, state and outbox committed with the cursor.

One task folds; what people do (acknowledge, silence) is done by the same fold under the same
lock, so that nothing is decided on a state that someone is changing. Nothing slow happens here:
what is slow is a task that is deferred in the commit.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TypeVar

import structlog
from sqlalchemy import Connection

from core import metrics
from core.clock import Clock, utc_now
from core.decide.fold import Fold
from core.decide.people import People
from core.decide.policy import Policy
from core.decide.signal import Evaluate
from core.decide.state import Task
from core.errors import NotFound, StoreError
from core.model.incident import Incident
from core.model.matcher import Matcher
from core.model.silence import Silence
from core.store.database import Database
from core.store.decided import load_incident, load_state, make_batch, save
from core.store.journal import Journal
from core.task import TaskQueue

log = structlog.get_logger(__name__)
T = TypeVar("T")
SLICE = 0.015  # seconds of deciding before others get the event loop
BATCHES = 64
IDLE = 1.0
RETRY = 1.0


class Loop:
    """Start with `start()`; after `stop()` everything decided is committed."""

    def __init__(
        self,
        policy: Policy,
        db: Database,
        journal: Journal,
        queue: TaskQueue,
        evaluate: Evaluate,
        clock: Clock = utc_now,
    ) -> None:
        self.policy = policy
        self._db = db
        self._journal = journal
        self._queue = queue
        self._evaluate = evaluate
        self._clock = clock
        self._lock = asyncio.Lock()
        self._wake = asyncio.Event()
        self._running: asyncio.Task[None] | None = None
        self._stopping = False
        self._fold: Fold | None = None
        self._seq = 0
        self.healthy = False
        self.on_change: Callable[[], Awaitable[None]] | None = None

    async def start(self) -> None:
        """Load the state and begin to fold."""
        await self._load()
        self._journal.on_append = self._wake.set
        self._running = asyncio.create_task(self._run(), name="decide")

    async def stop(self) -> None:
        """Finish the slice at hand and commit it. What is not folded waits in the journal."""
        self._stopping = True
        self._wake.set()
        if self._running is not None:
            await self._running

    @property
    def fold(self) -> Fold:
        """The fold, to read from (metrics, live views)."""
        if self._fold is None:
            raise StoreError("the decide loop has not loaded its state yet")
        return self._fold

    async def settled(self) -> None:
        """Wait until every event accepted before this call is decided and committed."""
        last = await self._journal.last_seq()
        while self._seq < last:
            self._wake.set()
            await asyncio.sleep(0.005)

    async def _load(self) -> None:
        now = self._clock()
        state, self._seq = await self._db.read(lambda c: load_state(c, now))
        self._fold = Fold(self.policy, state, self._evaluate)
        self.healthy = True

    async def _run(self) -> None:
        while not self._stopping:
            self._wake.clear()
            try:
                async with self._lock:
                    busy = await self._step()
            except StoreError as error:
                # Memory is ahead of what was committed: begin again from the store.
                self.healthy = False
                log.error("decide_commit_failed", error=str(error))
                await asyncio.sleep(RETRY)
                await self._reload()
                continue
            if not busy and not self._stopping:
                await self._sleep()

    async def _reload(self) -> None:
        try:
            async with self._lock:
                await self._load()
        except StoreError as error:
            log.error("decide_reload_failed", error=str(error))

    async def _sleep(self) -> None:
        due = self.fold.next_due()
        wait = IDLE if due is None else (due - self._clock()).total_seconds()
        try:
            async with asyncio.timeout(min(max(wait, 0.001), IDLE)):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _step(self) -> bool:
        """Fold what waits, let timers run, commit. Whether there may be more."""
        batches = await self._journal.after(self._seq, BATCHES)
        fold, seq = self.fold, self._seq
        began = time.monotonic()
        for batch in batches:
            now = self._clock()
            for event in batch.events:
                fold.event(event, batch.accepted_at, now)
                if time.monotonic() - began > SLICE:
                    await asyncio.sleep(0)
                    began = time.monotonic()
            seq = batch.seq
        fold.tick(self._clock())
        await self._commit(seq)
        self._measure(batches[-1].accepted_at if len(batches) == BATCHES else None)
        return len(batches) == BATCHES

    async def _commit(self, seq: int) -> None:
        changes = self.fold.state.take_changes()
        if changes or seq != self._seq:
            batch = make_batch(self.fold.state, changes, seq)
            await self._db.write(lambda c: save(c, batch, self._defer))
            self._seq = seq
            if self.on_change is not None:
                await self.on_change()

    def _defer(self, tx: Connection, task: Task) -> None:
        priority = 0 if task.kind == "notify" else 1
        self._queue.defer(
            tx, task.kind, task.payload, queue=task.queue or None, key=task.key, priority=priority
        )

    def _measure(self, oldest: datetime | None) -> None:
        state = self.fold.state
        lag = (self._clock() - oldest).total_seconds() if oldest else 0.0
        metrics.JOURNAL_LAG.set(max(lag, 0.0))
        metrics.ALERTS_ACTIVE.set(len(state.by_fingerprint))
        counts = {"triggered": 0, "acknowledged": 0, "resolved": 0}
        for incident in state.incidents.values():
            counts[incident.status] += 1
        for status, count in counts.items():
            metrics.INCIDENTS.labels(status).set(count)

    # What people do

    async def _change(self, number: int | None, act: Callable[[People, datetime], T]) -> T:
        """Run one step of a person between two slices of the fold, and commit it."""
        async with self._lock:
            fold = self.fold
            if number is not None and number not in fold.state.incidents:
                await self._bring_back(fold, number)
            people = People(self.policy, fold.state, fold.grouping)
            result = act(people, self._clock())
            try:
                await self._commit(self._seq)
            except StoreError:
                await self._reload_locked()
                raise
        self._wake.set()
        return result

    async def _reload_locked(self) -> None:
        try:
            await self._load()
        except StoreError as error:
            log.error("decide_reload_failed", error=str(error))

    async def _bring_back(self, fold: Fold, number: int) -> None:
        incident, firing = await self._db.read(lambda c: load_incident(c, number))
        if incident is None:
            raise NotFound(f"there is no incident INC-{number}; /incidents lists those there are")
        fold.state.incidents[number] = incident
        fold.state.incident_members[number] = {a.id for a in firing}

    async def acknowledge(
        self, number: int, by: str, comment: str = "", for_: timedelta | None = None
    ) -> Incident:
        """Someone works on it: repeats and escalation stop (until `for_` has passed)."""
        return await self._change(number, lambda p, t: p.acknowledge(number, by, comment, for_, t))

    async def unacknowledge(self, number: int, by: str, comment: str = "") -> Incident:
        """Nobody works on it after all."""
        return await self._change(number, lambda p, t: p.unacknowledge(number, by, comment, t))

    async def resolve(self, number: int, by: str, comment: str = "") -> Incident:
        """It is over; the comment is what fixed it."""
        return await self._change(number, lambda p, t: p.resolve(number, by, comment, t))

    async def reopen(self, number: int, by: str, comment: str = "") -> Incident:
        """It was not over."""
        return await self._change(number, lambda p, t: p.reopen(number, by, comment, t))

    async def assign(self, number: int, by: str, to: str, comment: str = "") -> Incident:
        """Name who works on it."""
        return await self._change(number, lambda p, t: p.assign(number, by, to, comment, t))

    async def note(self, number: int, by: str, text: str) -> Incident:
        """Add a line to its timeline."""
        return await self._change(number, lambda p, t: p.note(number, by, text, t))

    async def escalate(self, number: int, by: str, comment: str = "") -> Incident:
        """Tell its receivers again, now."""
        return await self._change(number, lambda p, t: p.escalate(number, by, comment, t))

    async def add_silence(
        self,
        matchers: tuple[Matcher, ...],
        starts_at: datetime,
        ends_at: datetime,
        comment: str,
        by: str,
    ) -> Silence:
        """Silence matching alerts from `starts_at` to `ends_at`."""
        return await self._change(
            None, lambda p, t: p.add_silence(matchers, starts_at, ends_at, comment, by, t)
        )

    async def expire_silence(self, number: int, by: str) -> Silence:
        """End a silence now."""
        return await self._change(None, lambda p, t: p.expire_silence(number, by, t))
