"""Whatever happens, every task ends exactly once; it runs again only when a process died."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise
from typing import Any, Literal

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete
from structlog.testing import capture_logs

from core.clock import utc_now
from core.errors import DeliveryError
from core.store import Database, schema
from core.task import Completion, Reschedule, Task, TaskCanceled, TaskKind
from scheduler.tasks import LEASE, EmbeddedQueue
from tests.scheduler.work import Mortal, crash, leave, left, make_queue, rows

pytestmark = pytest.mark.usefixtures("engine")
Step = Literal["fail", "wait", "break", "refuse", "cancel", "ok"]
ENDS = {"refuse": "failed", "cancel": "canceled", "ok": "succeeded"}
TRIES = 3


class Job(msgspec.Struct, frozen=True):
    """A task that goes through `steps`, one a run, and then ends by the last."""

    kind: Literal["one", "two"]
    lane: int
    priority: int
    steps: tuple[Step, ...]

    @property
    def end(self) -> str:
        """The state it must come to when nobody dies."""
        failures = sum(step in {"fail", "break"} for step in self.steps)
        return "failed" if failures > TRIES else ENDS[self.steps[-1]]


jobs = st.lists(
    st.builds(
        Job,
        kind=st.sampled_from(["one", "two"]),
        lane=st.integers(0, 2),
        priority=st.integers(0, 2),
        steps=st.tuples(
            st.lists(st.sampled_from(["fail", "wait", "break"]), max_size=5),
            st.sampled_from(["ok", "ok", "ok", "refuse", "cancel"]),
        ).map(lambda parts: (*parts[0], parts[1])),
    ),
    min_size=1,
    max_size=12,
)


class History:
    """What the handlers of all processes saw, which outlives them."""

    def __init__(self, plan: list[Job]) -> None:
        self.plan = plan
        self.runs: Counter[int] = Counter()
        self.at_once: Counter[str] = Counter()
        self.most: Counter[str] = Counter()

    async def run(self, task: Task) -> Completion:
        n = task.payload["n"]
        steps = self.plan[n].steps
        step = steps[min(self.runs[n], len(steps) - 1)]
        self.runs[n] += 1
        self.at_once[task.queue] += 1
        self.most[task.queue] = max(self.most[task.queue], self.at_once[task.queue])
        try:
            await asyncio.sleep(0)
        finally:
            self.at_once[task.queue] -= 1
        match step:
            case "fail":
                raise DeliveryError("not now")
            case "refuse":
                raise DeliveryError("never", retryable=False)
            case "wait":
                raise Reschedule(utc_now())
            case "cancel":
                raise TaskCanceled("not wanted")
            case "break":
                return Completion(lambda c: self._break(c, n))
            case _:
                return Completion(partial(leave, text=str(n)))

    @staticmethod
    def _break(connection: Any, n: int) -> None:
        leave(connection, f"{n} broken")
        raise ValueError("a completion that breaks")


def worker(db: Database, history: History, lives: int) -> EmbeddedQueue:
    """The queue of a process that is started when `lives` died before it."""

    def clock() -> datetime:
        return utc_now() + lives * (LEASE + timedelta(seconds=1))

    queue = make_queue(db, clock)
    for kind, concurrency in (("one", 1), ("two", 2)):
        queue.register(
            TaskKind(
                kind=kind,
                handler=history.run,
                concurrency=concurrency,
                retry_delays=(0,) * TRIES,
            )
        )
    return queue


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """The failures are meant; their logs would fill pages."""
    with capture_logs():
        yield


@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(plan=jobs, deaths=st.lists(st.integers(0, 12), max_size=3))
async def test_every_task_ends_exactly_once(
    db: Database, plan: list[Job], deaths: list[int]
) -> None:
    for table in (schema.tasks, schema.counters, schema.timeline):
        await db.write(lambda c, t=table: c.execute(delete(t)))
    history = History(plan)
    first = worker(db, history, 0)

    def put(c: Any) -> None:
        for n, job in enumerate(plan):
            queue = f"{job.kind}:{job.lane}"
            first.defer(c, job.kind, {"n": n}, queue=queue, priority=job.priority)

    await db.write(put)
    for lives, after in enumerate(deaths):
        mortal = Mortal(db)
        doomed = worker(mortal, history, lives)
        before = history.runs.total()
        await doomed.start()
        while history.runs.total() - before < after and await _unfinished(db):
            await asyncio.sleep(0)
        await crash(doomed, mortal)
    last = worker(db, history, len(deaths))
    await last.start()
    async with asyncio.timeout(20):
        while await _unfinished(db):
            await asyncio.sleep(0.002)
    await last.stop(1)

    done = Counter(await left(db))
    for n, (job, row) in enumerate(zip(plan, await rows(db), strict=True)):
        assert row.finished_at is not None
        assert done[str(n)] == (row.state == "succeeded")
        assert done[f"{n} broken"] == 0
        if not deaths:
            assert row.state == job.end
            assert history.runs[n] == min(len(job.steps), _runs_until_dead(job))
        else:
            assert history.runs[n] <= len(job.steps) + len(deaths)
    for queue, most in history.most.items():
        assert most <= (1 if queue.startswith("one") else 2)


def _runs_until_dead(job: Job) -> int:
    """How many runs it takes until the failures are too many."""
    failures = 0
    for run, step in enumerate(job.steps, start=1):
        failures += step in {"fail", "break"}
        if failures > TRIES:
            return run
    return len(job.steps)


async def _unfinished(db: Database) -> bool:
    return any(r.state in {"pending", "running"} for r in await rows(db))


async def test_a_lane_keeps_the_order_of_its_tasks(db: Database) -> None:
    order: list[int] = []

    async def handler(task: Task) -> None:
        order.append(task.number)

    queue = make_queue(db)
    queue.register(TaskKind(kind="one", handler=handler))
    await queue.start()
    for _ in range(60):
        await db.write(lambda c: queue.defer(c, "one", {}))
    await queue.idle()
    await queue.stop(1)
    assert len(order) == 60
    assert all(a < b for a, b in pairwise(order))
