"""The decide loop: journal in, decisions out, state and outbox committed with the cursor.

One task folds; what people do (acknowledge, silence) is done by the same fold under the same
lock, so that nothing is decided on a state that someone is changing. Nothing slow happens here:
what is slow is a task that is deferred in the commit.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

import msgspec
import structlog
from sqlalchemy import Connection

from core import metrics
from core.clock import Clock, utc_now
from core.decide.fold import Fold
from core.decide.people import People
from core.decide.policy import Policy
from core.decide.signal import Evaluate
from core.decide.state import Changes
from core.errors import NotFound, StoreError
from core.model.event import Event
from core.model.incident import Incident
from core.model.matcher import Matcher
from core.model.silence import Silence, SilenceKind
from core.rule.log_template import Templates
from core.rulebook import RuleSet
from core.standby import Standby
from core.step import Ask, answering, step
from core.store.database import Database
from core.store.decided import load_incident, load_state, load_templates, make_batch, save
from core.store.journal import Journal, JournalBatch
from core.task import TaskQueue

log = structlog.get_logger(__name__)
T = TypeVar("T")
SLICE = 0.005  # seconds of deciding before others get the event loop
POURS = 20  # events that came while it worked
REST = 9  # times as long as it worked, while events pour in
LONGEST = 0.1  # seconds that a rest is measured by
PATIENCE = 2.0  # seconds an event may wait before deciding gets as much time as accepting
EVENTS = 500  # folded in one commit, about
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
        self.evaluate = evaluate
        self._clock = clock
        self._standby = Standby(db, journal, evaluate, clock)
        self._lock = asyncio.Lock()
        self._wake = asyncio.Event()
        self._running: asyncio.Task[None] | None = None
        self._stopping = False
        self._fold: Fold | None = None
        self._seq = 0
        self._appended = 0
        self._waited = 0.0
        self._measured = float("-inf")
        self.healthy = False
        self.on_commit: Callable[[Changes], None] = lambda changes: None
        # Where several processes serve one database: see core/step.py; and what is done first and
        # last in the transaction of each commit. It raises when another process decides by now.
        self.elsewhere: Ask | None = None
        self.before_write: Callable[[Connection], None] = lambda c: None
        self.before_commit: Callable[[Connection, Changes], None] = lambda c, changes: None

    async def start(self) -> None:
        """Load the state and begin to fold."""
        await self._load()
        self.begin()

    def begin(self) -> None:
        """Begin to fold, from the store as it is now; it is loaded as soon as it can be."""
        self._stopping = False
        self._journal.on_append = self._wake.set
        self._running = asyncio.create_task(self._run(), name="decide")

    async def stop(self) -> None:
        """Finish the slice at hand and commit it. What is not folded waits in the journal."""
        self._stopping = True
        self._wake.set()
        if self._running is not None:
            await self._running
            self._running = None

    async def leave(self) -> None:
        """Another process decides: stop, and forget the state, which is that one's now."""
        await self.stop()
        self._journal.on_append = lambda: None
        self._fold, self.healthy = None, False

    @property
    def decides(self) -> bool:
        """Whether this process decides; of several that serve one database, one does."""
        return self._running is not None and not self._stopping

    def wake(self) -> None:
        """There is something to decide: another process has appended."""
        self._wake.set()

    @property
    def fold(self) -> Fold:
        """The fold, to read from (metrics, live views)."""
        if self._fold is None:
            raise StoreError("the decide loop has no state: the database cannot be read")
        return self._fold

    async def set_rules(self, made: RuleSet) -> None:
        """Other rules are in force when this returns; what windows remember stays."""
        async with self._lock:
            self.policy = msgspec.structs.replace(
                self.policy,
                rules={rule.name: rule for rule in made.rules if rule.enabled},
                rule_versions=made.versions,
                schedules=made.schedules,
            )
            self.evaluate = self._standby.evaluate = made.evaluate
            if self._fold is not None:
                self._fold.set_rules(self.policy, made.evaluate)
        self._wake.set()

    async def templates(self) -> Templates:
        """The log templates, to look texts up in."""
        if self._fold is not None:
            return self._fold.state.templates
        return await self._db.read(load_templates)

    async def look(self, patience: float) -> Fold:
        """The fold, to read from, with what was accepted before this call; for that it waits at
        most `patience` seconds. StoreError when there is no state."""
        here = self.elsewhere is None or self.decides
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await (self.settled() if here else self._standby.settled())
        return self.fold if here else await self._standby.fold(self.policy)

    async def settled(self) -> None:
        """Wait until every event accepted before this call is decided and committed."""
        last = await self._journal.last_seq()
        while self._seq < last:
            self._wake.set()
            await asyncio.sleep(0.005)

    async def _load(self) -> None:
        now = self._clock()
        state, self._seq = await self._db.read(lambda c: load_state(c, now))
        self._fold = Fold(self.policy, state, self.evaluate)
        self.healthy = True

    async def _run(self) -> None:
        while not self._stopping:
            self._wake.clear()
            appended, began = self._journal.appended, time.monotonic()
            try:
                async with self._lock:
                    busy = await self._step()
            except Exception as error:
                # Memory is ahead of what was committed: begin again from the store.
                self._fold, self.healthy = None, False
                if isinstance(error, StoreError):
                    log.error("decide_commit_failed", error=str(error))
                else:
                    log.exception("decide_step_failed")
                await asyncio.sleep(RETRY)
                continue
            if busy or self._journal.appended != appended:
                await self._breathe(time.monotonic() - began)
            elif not self._stopping:
                await self._sleep()

    async def _breathe(self, worked: float) -> None:
        """Let others have the event loop; leave them most of it while events pour in.

        Accepting comes first: what is accepted is safe. What gathers meanwhile is decided in one
        commit instead of many. Who waits for long comes first again.
        """
        pours = self._journal.appended - self._appended >= POURS
        self._appended = self._journal.appended
        rest = REST if self._waited < PATIENCE else 1
        await asyncio.sleep(min(worked, LONGEST) * rest if pours else 0)

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
        if self._fold is None:
            await self._load()
        batches = await self._journal.after(self._seq, EVENTS)
        seq, folded = self._seq, 0
        self._waited = self._age(batches[0]) if batches else 0.0
        began = time.monotonic()
        for batch in batches:
            now = self._clock()
            for event in batch.events:
                self._take(event, batch, now)
                if time.monotonic() - began > SLICE:
                    await self._breathe(SLICE)
                    began = time.monotonic()
            folded += len(batch.events)
            seq = batch.seq
        self.fold.tick(self._clock())
        await self._commit(seq)
        busy = folded >= EVENTS
        self._measure(self._age(batches[-1]) if busy else 0.0)
        return busy

    def _age(self, batch: JournalBatch) -> float:
        """Seconds since it was accepted."""
        return max((self._clock() - batch.accepted_at).total_seconds(), 0.0)

    def _take(self, event: Event, batch: JournalBatch, now: datetime) -> None:
        try:
            self.fold.event(event, batch.accepted_at, now)
        except Exception:
            # One event that cannot be decided must not keep the others from being decided.
            log.exception("event_not_decided", source=event.source, batch=batch.seq)
            metrics.EVENTS_REJECTED.labels(event.source.split(":", 1)[0], "undecidable").inc()

    async def _commit(self, seq: int, beside: Callable[[Connection], None] | None = None) -> None:
        changes = self.fold.state.take_changes()
        if not changes and seq == self._seq and beside is None:
            return
        state = self.fold.state

        # The rows are made in the writer's thread; the lock keeps the state still meanwhile.
        def write(connection: Connection) -> None:
            self.before_write(connection)
            save(connection, make_batch(state, changes, seq), self._queue.defer_all)
            if beside is not None:
                beside(connection)
            self.before_commit(connection, changes)

        await self._db.write(write)
        self._seq = seq
        self.on_commit(changes)

    def _measure(self, lag: float) -> None:
        metrics.JOURNAL_LAG.set(lag)
        metrics.ALERTS_ACTIVE.set(len(self.fold.state.by_fingerprint))
        if time.monotonic() - self._measured < IDLE:
            return
        self._measured = time.monotonic()
        statuses = Counter(i.status for i in self.fold.state.incidents.values())
        for status in ("triggered", "acknowledged", "resolved"):
            metrics.INCIDENTS.labels(status).set(statuses[status])

    # What people do

    async def _change(self, number: int | None, act: Callable[[People, datetime], T]) -> T:
        """Run one step of a person between two slices of the fold, and commit it."""
        async with self._lock:
            if self._fold is None:
                await self._load()
            fold = self.fold
            if number is not None and number not in fold.state.incidents:
                await self._bring_back(fold, number)
            people = People(self.policy, fold.state, fold.grouping)
            result = act(people, self._clock())
            answer = answering.get()
            try:
                await self._commit(self._seq, answer and partial(answer, result))
            except StoreError:
                self._fold = None
                raise
        self._wake.set()
        return result

    async def _bring_back(self, fold: Fold, number: int) -> None:
        incident, firing = await self._db.read(lambda c: load_incident(c, number))
        if incident is None:
            raise NotFound(f"there is no incident INC-{number}; /incidents lists those there are")
        fold.state.incidents[number] = incident
        fold.state.firing_of[number] = {a.id for a in firing}

    @step
    async def acknowledge(
        self, number: int, by: str, comment: str = "", for_: timedelta | None = None
    ) -> Incident:
        """Someone works on it: repeats and escalation stop (until `for_` has passed)."""
        return await self._change(number, lambda p, t: p.acknowledge(number, by, comment, for_, t))

    @step
    async def unacknowledge(self, number: int, by: str, comment: str = "") -> Incident:
        """Nobody works on it after all."""
        return await self._change(number, lambda p, t: p.unacknowledge(number, by, comment, t))

    @step
    async def resolve(self, number: int, by: str, comment: str = "") -> Incident:
        """It is over; the comment is what fixed it."""
        return await self._change(number, lambda p, t: p.resolve(number, by, comment, t))

    @step
    async def reopen(self, number: int, by: str, comment: str = "") -> Incident:
        """It was not over."""
        return await self._change(number, lambda p, t: p.reopen(number, by, comment, t))

    @step
    async def assign(self, number: int, by: str, to: str, comment: str = "") -> Incident:
        """Name who works on it."""
        return await self._change(number, lambda p, t: p.assign(number, by, to, comment, t))

    @step
    async def note(self, number: int, by: str, text: str) -> Incident:
        """Add a line to its timeline."""
        return await self._change(number, lambda p, t: p.note(number, by, text, t))

    @step
    async def escalate(self, number: int, by: str, comment: str = "") -> Incident:
        """The next step of its escalation, now."""
        return await self._change(number, lambda p, t: p.escalate(number, by, comment, t))

    @step
    async def add_silence(
        self,
        matchers: tuple[Matcher, ...],
        starts_at: datetime,
        ends_at: datetime,
        comment: str,
        by: str,
        kind: SilenceKind = "silence",
        room: str = "",
    ) -> Silence:
        """Silence matching alerts from `starts_at` to `ends_at`. room: where it is made."""
        return await self._change(
            None,
            lambda p, t: p.add_silence(matchers, starts_at, ends_at, comment, by, t, kind, room),
        )

    @step
    async def change_silence(
        self,
        number: int,
        matchers: tuple[Matcher, ...],
        starts_at: datetime,
        ends_at: datetime,
        comment: str,
        by: str,
    ) -> Silence:
        """Change a silence; where that cannot be, a new one takes its place."""
        return await self._change(
            None,
            lambda p, t: p.change_silence(number, matchers, starts_at, ends_at, comment, by, t),
        )

    @step
    async def expire_silence(self, number: int, by: str) -> Silence:
        """End a silence now."""
        return await self._change(None, lambda p, t: p.expire_silence(number, by, t))
