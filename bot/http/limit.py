"""Token buckets by client, in bounded memory.

A bucket of `burst` tokens is filled at `rate` tokens a second. A client that is forgotten (the
least recent of too many) begins again with a full bucket.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

CLIENTS = 10_000


class Buckets:
    """One bucket a client. Times are seconds of a clock that only goes forward."""

    def __init__(
        self, rate: float, burst: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate = rate
        self._burst = max(burst, 1.0)
        self._clock = clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, client: str) -> float:
        """Seconds until the client's bucket holds a token; 0 when it does now."""
        return max(0.0, (1.0 - self._level(client)) / self._rate)

    def take(self, client: str) -> float:
        """Take a token; returns 0. When there is none, nothing is taken: the seconds to wait."""
        level = self._level(client)
        if level < 1.0:
            return (1.0 - level) / self._rate
        self._left[client] = (level - 1.0, self._clock())
        self._left.move_to_end(client)
        if len(self._left) > CLIENTS:
            self._left.popitem(last=False)
        return 0.0

    def _level(self, client: str) -> float:
        left, since = self._left.get(client, (self._burst, 0.0))
        return min(self._burst, left + (self._clock() - since) * self._rate)
