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
    try:
        async with asyncio.timeout(kind.timeout.total_seconds()):
            completion = await kind.handler(task)
        return Ended("succeeded", {"state": "succeeded", "error": ""}, completion=completion)
    except Reschedule as later:
        return Ended("rescheduled", again(later.at, task.attempts - 1, str(later)))
    except TaskCanceled as why:
        return Ended("canceled", {"state": "canceled", "error": str(why)})
    except asyncio.CancelledError:
        return Ended("returned", again(clock(), task.attempts - 1, "stopped"))
    except TimeoutError:
        return _failed(
            task, kind, clock, f"took longer than {kind.timeout.total_seconds():g} s", "timed_out"
        )
    except TocsinError as error:
        after = getattr(error, "retry_after", None) or 0.0
        if not error.retryable:
            return Ended("failed", {"state": "failed", "error": str(error)}, str(error))
        return _failed(task, kind, clock, str(error), "failed", after)
    except Exception as error:
        log.exception("task_crashed", kind=task.kind, task=f"TSK-{task.number}")
        return _failed(task, kind, clock, f"{type(error).__name__}: {error}", "failed")


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
    return Ended("retry", again(at, task.attempts, why), why)


def again(at: datetime, attempts: int, why: str) -> dict[str, Any]:
    """What is written of a task that waits for another run."""
    return {"state": "pending", "run_at": at, "attempts": attempts, "error": why}
