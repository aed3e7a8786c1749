"""The simulated clock: real time plus an offset that tests move."""

import asyncio
import time


class SimClock:
    """Unix time that can be moved without waiting; sleepers on it wake when it passes them."""

    def __init__(self) -> None:
        self.offset = 0.0
        self._moved = asyncio.Event()

    def now(self) -> float:
        """Simulated Unix time in seconds."""
        return time.time() + self.offset

    def now_ms(self) -> int:
        """Simulated Unix time in milliseconds, the unit of the platform's timestamps."""
        return int(self.now() * 1000)

    def advance(self, seconds: float) -> None:
        """Move the clock by `seconds` (negative goes back)."""
        self._shift(self.offset + seconds)

    def set(self, timestamp: float) -> None:
        """Make it `timestamp` (Unix seconds) now."""
        self._shift(timestamp - time.time())

    def reset(self) -> None:
        """Back to real time."""
        self._shift(0.0)

    async def sleep(self, seconds: float) -> None:
        """Wait until `seconds` of simulated time have passed, by waiting or by `advance`."""
        deadline = self.now() + seconds
        while (left := deadline - self.now()) > 0:
            try:
                async with asyncio.timeout(left):
                    await self._moved.wait()
            except TimeoutError:
                continue

    def _shift(self, offset: float) -> None:
        self.offset = offset
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()
