"""Durable hand-over: what is slow happens later, in a task that survives a crash.

`TaskQueue.defer` writes a row in the caller's transaction; its engines stand in scheduler/.
A handler is an async function registered by kind at the composition root. It may run twice (a
crash between its work and its commit), so what it does must be idempotent.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol

import msgspec
from sqlalchemy import Connection

from core.model.work import Work

# A queue whose name ends in `//<node>` is run by processes of that machine only.
NODE = "//"
TaskState = Literal["pending", "running", "succeeded", "failed", "timed_out", "canceled"]


def on_node(queue: str, node: str) -> str:
    """The name of a queue for one machine; of the queue itself where there is but one."""
    return f"{queue}{NODE}{node}" if node else queue


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """A row of work. `attempts` counts this run too; people see it as `TSK-<number>`."""

    id: str
    number: int
    kind: str
    queue: str
    key: str | None
    payload: dict[str, Any]
    attempts: int


class Reschedule(Exception):
    """Raised by a handler: run this task again at `at`; this run does not count as an attempt."""

    def __init__(self, at: datetime, why: str = "") -> None:
        super().__init__(why)
        self.at = at


class TaskCanceled(Exception):
    """Raised by a handler: the work is no longer wanted."""


class Completion(msgspec.Struct, frozen=True):
    """What a handler leaves to be done with the end of its task.

    write: in the very transaction that completes the task. then: in the event loop, when that is
    committed.
    """

    write: Callable[[Connection], object]
    then: Callable[[], object] = lambda: None


Handler = Callable[[Task], Awaitable[Completion | None]]


class TaskKind(msgspec.Struct, frozen=True, kw_only=True):
    """How tasks of one kind run.

    retry_delays: waits after each failed attempt; when they are used up the task is failed and
    `on_dead` is told. An error with `retryable` false fails at once; `retry_after` is honoured.
    concurrency: how many at once in one queue; a function of the queue's name where its lanes
    differ. A queue's name may be `<kind>:<lane>`; each lane is counted by itself. timeout: a run
    that takes longer is canceled and counts as failed.
    """

    kind: str
    handler: Handler
    concurrency: int | Callable[[str], int] = 1
    timeout: timedelta = timedelta(seconds=60)
    retry_delays: tuple[float, ...] = (1, 5, 15, 60, 300)
    on_dead: Callable[[Task, str], Awaitable[None]] | None = None


class TaskQueue(Protocol):
    """Where work is handed over."""

    def defer_all(self, tx: Connection, works: Sequence[Work]) -> None:
        """Put tasks in the caller's transaction. They wake workers after `tx` commits."""
        ...

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
        """Put one task in the caller's transaction; see `Work` for what the values mean.

        expedite: when an unfinished task has this key already, it runs now.
        """
        ...
