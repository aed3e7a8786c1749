"""One run of one task: the handler is called, and what comes of it is put into words."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec
import structlog

from core import metrics
from core.clock import Clock
from core.errors import TocsinError
from core.task import Completion, Reschedule, Task, TaskCanceled, TaskKind

log = structlog.get_logger(__name__)
Outcome = Literal[
    "succeeded", "rescheduled", "canceled", "returned", "retry", "failed", "timed_out"
]


class Ended(msgspec.Struct, frozen=True):
    """How a run ended. changes: what is written of it; failure: why, when it failed."""

    outcome: Outcome
    changes: dict[str, Any]
    failure: str = ""
    completion: Completion | None = None

    @property
    def dead(self) -> bool:
        """Whether it failed for good."""
        return self.outcome in {"failed", "timed_out"}


async def run(task: Task, kind: TaskKind, clock: Clock) -> Ended:
    """Call the handler. Never raises: a run that is canceled gives the task back."""
    ended = await _call(task, kind, clock)
    metrics.TASKS.labels(task.kind, ended.outcome).inc()
    if ended.dead:
        log.warning("task_failed", kind=task.kind, task=f"TSK-{task.number}", error=ended.failure)
    return ended


async def _call(task: Task, kind: TaskKind, clock: Clock) -> Ended:
    limit = asyncio.timeout(kind.timeout.total_seconds())
    try:
        async with limit:
            completion = await kind.handler(task)
        return Ended("succeeded", {"state": "succeeded", "error": ""}, completion=completion)
    except Reschedule as later:
        return Ended("rescheduled", _again(later.at, task.attempts - 1, str(later)))
    except TaskCanceled as reason:
        return Ended("canceled", {"state": "canceled", "error": str(reason)})
    except asyncio.CancelledError as error:
        if _is_stopped():
            return returned(task)
        return crashed(task, kind, clock, error)  # something that the handler waited for
    except TocsinError as error:
        after = getattr(error, "retry_after", None) or 0.0
        if not error.retryable:
            return Ended("failed", {"state": "failed", "error": str(error)}, str(error))
        return _failed(task, kind, clock, str(error), "failed", after)
    except Exception as error:  # noqa: BLE001 - `crashed` logs it
        if isinstance(error, TimeoutError) and limit.expired():
            why = f"took longer than {kind.timeout.total_seconds():g} s"
            return _failed(task, kind, clock, why, "timed_out")
        return crashed(task, kind, clock, error)


def _is_stopped() -> bool:
    this = asyncio.current_task()
    return this is not None and this.cancelling() > 0


def crashed(task: Task, kind: TaskKind, clock: Clock, error: BaseException) -> Ended:
    """The run of a task ended in an error that its handler did not expect."""
    why = str(error) if isinstance(error, TocsinError) else f"{type(error).__name__}: {error}"
    trace = None if isinstance(error, TocsinError) else error
    log.error("task_crashed", kind=task.kind, task=f"TSK-{task.number}", error=why, exc_info=trace)
    return _failed(task, kind, clock, why, "failed")


def returned(task: Task) -> Ended:
    """Not begun, or cut off by a stop: as if it had not been taken, in its old place."""
    changes = {"state": "pending", "attempts": task.attempts - 1, "error": "stopped"}
    return Ended("returned", changes)


def _failed(
    task: Task,
    kind: TaskKind,
    clock: Clock,
    why: str,
    state: Literal["failed", "timed_out"],
    retry_after: float = 0.0,
) -> Ended:
    """Once more after the kind's delay, or no more."""
    if task.attempts > len(kind.retry_delays):
        return Ended(state, {"state": state, "error": why}, why)
    delay = max(kind.retry_delays[task.attempts - 1], retry_after)
    at = clock() + timedelta(seconds=delay)
    return Ended("retry", _again(at, task.attempts, why), why)


def _again(at: datetime, attempts: int, why: str) -> dict[str, Any]:
    """What is written of a task that waits for another run."""
    return {"state": "pending", "run_at": at, "attempts": attempts, "error": why}
