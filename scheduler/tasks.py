"""The embedded task engine: a lease table in the store, claimed and completed in transactions.

A claimed task is leased, and the lease renewed while it runs; a worker that dies lets it run out
and the task runs again (at least once). Deferring wakes the worker at once, and it sleeps until
the next task is due; polling is only the safety net. Each queue is a lane of its own with its
kind's concurrency, over all processes that share the table (PostgreSQL): their claims come one
after the other, and count what runs elsewhere.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter, deque
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
import structlog
from sqlalchemy import ColumnElement, Connection, Row, and_, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert_postgresql

from core.clock import Clock, utc_now
from core.errors import Conflict, NotFound, StoreError
from core.ids import uuid7
from core.model.work import Work
from core.store.bell import Rings, ring
from core.store.database import Database, next_number
from core.store.locks import Order, in_order
from core.store.queries.paging import in_pieces
from core.store.schema import tasks
from core.task import NODE, Task, TaskKind
from scheduler.put_back import STEP, put_back
from scheduler.run import Ended, crashed, returned, run

log = structlog.get_logger(__name__)
POLL = 1.0
CLAIM = 32
AHEAD = 4  # tasks of a one-at-a-time queue that are taken before their turn
LEASE = timedelta(seconds=12)
RENEW = 3.0
WRITE_AGAIN = (0.1, 1.0)  # seconds until an end that the store did not take is tried again
UNFINISHED = ("pending", "running")


_TURN = (tasks.c.id, tasks.c.queue, tasks.c.priority)
_ADD = upsert_postgresql(tasks).on_conflict_do_nothing()


class Turn(msgspec.Struct, frozen=True):
    """A task that waits for its turn in its queue, from `run_at` on."""

    id: str
    queue: str
    priority: int
    run_at: datetime


class EmbeddedQueue:
    """Runs durable tasks in this process. Register every kind before `start()`."""

    def __init__(
        self,
        db: Database,
        clock: Clock = utc_now,
        *,
        node: str = "",
        only: frozenset[str] | None = None,
    ) -> None:
        """node: this machine's name, for queues of one machine. only: the kinds that are run
        here; None for all that are registered."""
        self._db = db
        self._clock = clock
        self._node = node
        self._only = only
        self._kinds: dict[str, TaskKind] = {}
        self._busy: dict[str, int] = {}
        self._runs: set[asyncio.Task[None]] = set()
        self._held: set[str] = set()  # ids of what was taken here and has not ended
        self._wake = asyncio.Event()
        self._worker: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = False
        self._renewer: asyncio.Task[None] | None = None
        self._lease = uuid7()
        self._seen = clock()

    def register(self, kind: TaskKind) -> None:
        """Make a kind known; a kind has one handler."""
        if kind.kind in self._kinds:
            raise ValueError(f"task kind {kind.kind!r} is registered twice")
        self._kinds[kind.kind] = kind

    def defer(
        self,
        tx: Connection,
        kind: str,
        payload: dict[str, Any],
        *,
        queue: str | None = None,
        key: str | None = None,
        run_at: datetime | None = None,
        priority: int = 1,
        expedite: bool = False,
    ) -> None:
        """See core.task.TaskQueue.defer."""
        if key is not None and expedite:
            waits = update(tasks).where(tasks.c.key == key, tasks.c.state == "pending")
            now = self._clock()
            for row in tx.execute(waits.values(run_at=now, attempts=0).returning(*_TURN)):
                self._announce(tx, [Turn(row.id, row.queue, row.priority, now)])
        work = Work(
            kind=kind, payload=payload, key=key, queue=queue or "", run_at=run_at, priority=priority
        )
        self.defer_all(tx, [work])

    def defer_all(self, tx: Connection, works: Sequence[Work]) -> None:
        """See core.task.TaskQueue.defer_all."""
        taken = self._unfinished(tx, [work.key for work in works if work.key is not None])
        fresh: list[Work] = []
        for work in works:
            if work.key is None or work.key not in taken:
                fresh.append(work)
                taken.add(work.key or "")
        if fresh:
            now = self._clock()
            first = next_number(tx, "TSK", len(fresh))
            rows: list[dict[str, Any]] = [
                {
                    "id": uuid7(),
                    "number": first + i,
                    "kind": work.kind,
                    "queue": work.queue or work.kind,
                    "key": work.key,
                    "payload": work.payload,
                    "state": "pending",
                    "attempts": 0,
                    "priority": work.priority,
                    "run_at": work.run_at or now,
                    "error": "",
                    "created_at": now,
                }
                for i, work in enumerate(fresh)
            ]
            # Of two processes that defer one key at once, the later adds nothing.
            tx.execute(_ADD if self._db.is_postgresql else insert(tasks), rows)
            self._announce(
                tx, [Turn(row["id"], row["queue"], row["priority"], row["run_at"]) for row in rows]
            )
        self.wake()

    def _announce(self, tx: Connection, turns: Sequence[Turn]) -> None:
        """These wait for their turn: tell the processes that may run them, when `tx` commits."""
        ring(tx, Rings.TASKS)

    @staticmethod
    def _unfinished(tx: Connection, keys: list[str]) -> set[str]:
        found: set[str] = set()
        for piece in in_pieces(keys):
            same = select(tasks.c.key).where(tasks.c.key.in_(piece), tasks.c.state.in_(UNFINISHED))
            found.update(row.key for row in tx.execute(same))
        return found

    def wake(self) -> None:
        """Look for work now. A claim is a write, so it comes after the transaction at hand."""
        if self._loop is not None:
            # A loop that is closing takes no more calls; the row is there for the next start.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._wake.set)

    async def start(self, *, alone: bool = False) -> None:
        """Begin to run what is due.

        alone: no other process runs tasks of this store, as with `tocsin serve`. What is leased
        was leased by one that is gone, and its leases need not be waited for.
        """
        self._loop = asyncio.get_running_loop()
        if alone:
            await self._db.write(
                lambda c: c.execute(
                    update(tasks).where(tasks.c.state == "running").values(state="pending")
                )
            )
        self._worker = asyncio.create_task(self._work(), name="tasks")
        self._renewer = asyncio.create_task(self._renew(), name="task-leases")

    async def stop(self, drain_seconds: float = 10.0) -> None:
        """Claim no more; let what runs finish for so long, then give it back."""
        self._stopping = True
        self._wake.set()
        if self._worker is not None:
            await self._worker
        if self._runs:
            _done, late = await asyncio.wait(self._runs, timeout=drain_seconds)
            for run in late:
                run.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        if self._renewer is not None:
            self._renewer.cancel()
            await asyncio.gather(self._renewer, return_exceptions=True)

    async def idle(self) -> None:
        """Wait until nothing that is due is left (tests, command line)."""
        while self._runs or await self._db.read(self._due_count) > 0:
            self._wake.set()
            await asyncio.sleep(0.01)

    def _due_count(self, connection: Connection) -> int:
        query = select(func.count()).where(
            tasks.c.state.in_(UNFINISHED), tasks.c.run_at <= self._clock()
        )
        return int(connection.execute(query).scalar() or 0)

    async def _work(self) -> None:
        while not self._stopping:
            self._wake.clear()
            wait = POLL
            try:
                await self._mind_the_clock()
                claimed = await self._db.write(self._claim)
                if not claimed:
                    wait = await self._db.read(self._until_due)
            except StoreError as error:
                log.error("task_claim_failed", error=str(error))
                claimed = []
            for task in claimed:
                self._launch(task)
            if not claimed and not self._stopping:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(wait):
                        await self._wake.wait()

    async def _mind_the_clock(self) -> None:
        """What waits for a moment waits for it no longer when the clock is put back."""
        before, now = self._seen, self._clock()
        if before - now > STEP:
            moved = await self._db.write(lambda tx: put_back(tx, now, before - now, LEASE))
            log.warning("clock_put_back", by=str(before - now), tasks=moved)
        self._seen = now

    def _until_due(self, connection: Connection) -> float:
        """Seconds until a task that waits is due, at most POLL."""
        query = select(func.min(tasks.c.run_at)).where(
            tasks.c.state == "pending", tasks.c.run_at > self._clock()
        )
        due = connection.execute(query).scalar()
        left = (due - self._clock()).total_seconds() if due is not None else POLL
        return float(min(max(left, 0.001), POLL))

    async def _renew(self) -> None:
        """Keep the leases of what runs here."""
        while True:
            await asyncio.sleep(RENEW)
            if not self._held:
                continue
            mine = and_(tasks.c.id.in_(list(self._held)), tasks.c.lease == self._lease)
            until = self._clock() + LEASE
            try:
                await self._db.write(
                    lambda c, m=mine, u=until: c.execute(  # type: ignore[misc]
                        update(tasks).where(m).values(leased_until=u)
                    )
                )
            except StoreError as error:
                log.error("task_leases_not_renewed", error=str(error))

    def _launch(self, task: Task) -> asyncio.Task[None]:
        self._held.add(task.id)
        self._busy[task.queue] = self._busy.get(task.queue, 0) + 1
        run = asyncio.create_task(self._run_lane(task), name=f"task:{task.kind}")
        self._runs.add(run)
        run.add_done_callback(self._runs.discard)
        return run

    def _claim(self, tx: Connection, queue: str | None = None) -> list[Task]:
        """Take what is due in every queue that has room, or in one."""
        if self._stopping:
            return []
        in_order(tx, Order.CLAIM)
        busy = Counter(self._busy)
        busy.update(self._elsewhere(tx))
        full = [q for q, n in busy.items() if n >= self._limit(q)]
        within: ColumnElement[bool] = tasks.c.queue.not_in(full)
        if queue is not None:
            within = and_(within, tasks.c.queue == queue)
        room: dict[str, int] = {}
        claimed = []
        for row in self._due(tx, within, CLAIM):
            left = room.setdefault(row.queue, self._limit(row.queue) - busy[row.queue])
            if left > 0:
                room[row.queue] = left - 1
                claimed.append(self._take(tx, row))
        return claimed

    def _elsewhere(self, tx: Connection) -> dict[str, int]:
        """How many tasks of each queue other processes have."""
        if not self._db.is_postgresql:
            return {}
        query = (
            select(tasks.c.queue, func.count())
            .where(
                tasks.c.state == "running",
                tasks.c.leased_until >= self._clock(),
                tasks.c.lease != self._lease,
            )
            .group_by(tasks.c.queue)
        )
        return {row[0]: row[1] for row in tx.execute(query)}

    def _runs_here(self) -> ColumnElement[bool]:
        """Which tasks this process may run."""
        kinds = [kind for kind in self._kinds if self._only is None or kind in self._only]
        here = tasks.c.queue.endswith(f"{NODE}{self._node}", autoescape=True)
        anywhere = tasks.c.queue.not_like(f"%{NODE}%")
        return and_(tasks.c.kind.in_(kinds), or_(anywhere, here))

    def _due(self, tx: Connection, where: ColumnElement[bool], limit: int) -> Sequence[Row[Any]]:
        now = self._clock()
        due = or_(
            and_(tasks.c.state == "pending", tasks.c.run_at <= now),
            and_(tasks.c.state == "running", tasks.c.leased_until < now),
        )
        query = (
            select(tasks)
            # What runs here is not taken again, even when its lease could not be renewed.
            .where(due, self._runs_here(), tasks.c.id.not_in(list(self._held)), where)
            .order_by(tasks.c.priority, tasks.c.run_at, tasks.c.number)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return tx.execute(query).all()

    def _take(self, tx: Connection, row: Row[Any]) -> Task:
        attempts = row.attempts + 1
        leased = {"leased_until": self._clock() + LEASE, "lease": self._lease}
        taken = update(tasks).where(tasks.c.id == row.id)
        tx.execute(taken.values(state="running", attempts=attempts, **leased))
        return Task(
            id=row.id,
            number=row.number,
            kind=row.kind,
            queue=row.queue,
            key=row.key,
            payload=row.payload,
            attempts=attempts,
        )

    def _limit(self, queue: str) -> int:
        kind = self._kinds.get(queue.split(":", 1)[0])
        if kind is None:
            return 1
        limit = kind.concurrency
        return limit if isinstance(limit, int) else limit(queue)

    async def _run_lane(self, first: Task) -> None:
        """Run tasks of one queue, one after the other, as long as any is due.

        While one runs, the ends of those before are written, and the next are taken in these
        commits: a queue is as quick as its handler, not as the disk.
        """
        ready = deque([first])
        writing: dict[asyncio.Future[list[Task]], int] = {}  # and how many each may bring
        ahead = AHEAD if self._limit(first.queue) == 1 else 1
        while ready or writing:
            if not ready:
                # What ran has ended: its end is written even when the time to stop is up.
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.wait(writing, return_when=asyncio.FIRST_COMPLETED)
            for each in [each for each in writing if each.done()]:
                del writing[each]
                ready.extend(each.result())
                self._held.update(task.id for task in each.result())
            if not ready:
                continue
            task = ready.popleft()
            if self._stopping:  # taken, and not begun when the service was told to stop
                ended = returned(task)
            else:
                ended = await run(task, self._kinds[task.kind], self._clock)
            more = max(ahead - len(ready) - sum(writing.values()), 0)
            writing[asyncio.ensure_future(self._end(task, ended, more))] = more
        self._busy[first.queue] -= 1
        self._wake.set()

    async def _end(self, task: Task, ended: Ended, more: int) -> list[Task]:
        """Write how a run ended; returns up to `more` tasks of its queue that are due."""
        kind = self._kinds[task.kind]
        try:
            try:
                following = await self._write_end(task, ended, more)
            except Exception as error:  # noqa: BLE001 - `crashed` logs it
                # What the handler left to be done with the end was not done: the run has failed.
                ended = crashed(task, kind, self._clock, error)
                following = await self._write_end(task, ended, more)
        except StoreError as error:
            # Its lease runs out, and it runs again.
            log.error("task_finish_failed", task=f"TSK-{task.number}", error=str(error))
            return []
        finally:
            self._held.discard(task.id)
        if following is None:
            log.warning("task_taken_over", task=f"TSK-{task.number}", outcome=ended.outcome)
            return []
        try:
            if ended.completion is not None:
                ended.completion.then()
            if ended.dead and kind.on_dead is not None:
                await kind.on_dead(task, ended.failure)
        except Exception:
            log.exception("task_end_not_told", task=f"TSK-{task.number}", outcome=ended.outcome)
        return following

    async def _write_end(self, task: Task, ended: Ended, more: int) -> list[Task] | None:
        for wait in WRITE_AGAIN:
            try:
                return await self._db.write(lambda tx: self._finish(tx, task, ended, more))
            except StoreError:
                if self._stopping:
                    raise
                await asyncio.sleep(wait)
        return await self._db.write(lambda tx: self._finish(tx, task, ended, more))

    def _finish(self, tx: Connection, task: Task, ended: Ended, more: int) -> list[Task] | None:
        """None, and nothing written, when another has taken the task over."""
        changes = ended.changes
        if changes["state"] != "pending":
            changes = {**changes, "finished_at": self._clock()}
        mine = and_(tasks.c.id == task.id, tasks.c.lease == self._lease)
        if tx.execute(update(tasks).where(mine).values(**changes)).rowcount == 0:
            return None
        if ended.completion is not None:
            ended.completion.write(tx)
        if changes["state"] == "pending":
            row = tx.execute(select(*_TURN, tasks.c.run_at).where(tasks.c.id == task.id)).one()
            self._announce(tx, [Turn(row.id, row.queue, row.priority, row.run_at)])
        if self._stopping or more < 1 or self._busy[task.queue] > self._limit(task.queue):
            return []
        return [self._take(tx, row) for row in self._due(tx, tasks.c.queue == task.queue, more)]

    async def retry(self, number: int) -> None:
        """Run a failed task again, from its first attempt. Conflict when it is not failed."""

        def work(tx: Connection) -> None:
            row = tx.execute(select(tasks).where(tasks.c.number == number)).first()
            if row is None:
                raise NotFound(f"there is no task TSK-{number}")
            if row.state not in {"failed", "timed_out", "canceled"}:
                raise Conflict(f"TSK-{number} is {row.state}")
            if row.key is not None and self._unfinished(tx, [row.key]):
                raise Conflict(f"a newer task does the work of TSK-{number} already")
            now = self._clock()
            tx.execute(
                update(tasks)
                .where(tasks.c.id == row.id)
                .values(state="pending", attempts=0, run_at=now, finished_at=None)
            )
            self._announce(tx, [Turn(row.id, row.queue, row.priority, now)])

        await self._db.write(work)
        self.wake()
