"""Watches the event loop: whoever blocks it delays every alert, so it is measured."""

from __future__ import annotations

import asyncio

import structlog

from core import metrics

log = structlog.get_logger(__name__)
EVERY = 0.02
SHOWN_FOR = 60.0  # seconds that the worst pause stays in the metric
WORTH_SAYING = 0.25


class LoopWatchdog:
    """Run it as a task; the worst pause of the last minute is in the metric."""

    def __init__(self) -> None:
        self.worst = 0.0
        self._since = 0.0

    async def run(self) -> None:
        """Measure until canceled."""
        clock = asyncio.get_running_loop().time
        self._since = clock()
        while True:
            before = clock()
            await asyncio.sleep(EVERY)
            self._note(clock() - before - EVERY, clock())

    def _note(self, pause: float, now: float) -> None:
        if now - self._since > SHOWN_FOR:
            self.worst, self._since = 0.0, now
        if pause > self.worst:
            self.worst = pause
            if pause > WORTH_SAYING:
                log.warning("event_loop_blocked", seconds=round(pause, 3))
        metrics.LOOP_BLOCKED.set(self.worst)
