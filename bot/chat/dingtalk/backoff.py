"""When to connect again: at once the first time, then ever later, never in a tight loop."""

from __future__ import annotations

import random

_CAP = 60.0
_JITTER = 0.2


class Backoff:
    """0, 1, 2, 4 … 60 seconds, each up to a fifth longer; `reset` starts over."""

    def __init__(self) -> None:
        self._failures = 0

    def reset(self) -> None:
        """A connection held: the next end of it is not one of a series."""
        self._failures = 0

    def next(self) -> float:
        """Seconds to wait now."""
        self._failures += 1
        if self._failures == 1:
            return 0.0
        delay = min(_CAP, 2.0 ** min(self._failures - 2, 10))
        return delay * (1 + random.random() * _JITTER)
