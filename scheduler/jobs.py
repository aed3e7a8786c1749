"""What happens at intervals, by APScheduler. A job never holds the only copy of anything."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from core.errors import TocsinError

log = structlog.get_logger(__name__)


class Jobs:
    """Recurring jobs of this process. Add them, then `start()` in the event loop."""

    def __init__(self) -> None:
        # The interval trigger is what we use; it takes no part of the settings' time zone.
        self._scheduler = AsyncIOScheduler(timezone="UTC")

    def every(self, seconds: float, name: str, work: Callable[[], Awaitable[object]]) -> None:
        """Run `work` at this interval, never twice at once; a failure is logged and tried again."""

        async def run() -> None:
            try:
                await work()
            except asyncio.CancelledError:
                # By `stop`. APScheduler would log it as a crash, with a trace.
                log.debug("job_stopped", job=name)
            except TocsinError as error:
                log.warning("job_failed", job=name, why=str(error))
            except Exception:
                log.exception("job_crashed", job=name)

        self._scheduler.add_job(
            run, "interval", seconds=seconds, id=name, max_instances=1, coalesce=True
        )

    def start(self) -> None:
        """Begin."""
        self._scheduler.start()

    def stop(self) -> None:
        """Start no more, and cancel what runs."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
