"""How uploads go lately: what the `self` rules and the metrics read."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta

from core import metrics
from core.config.settings import FileSource

WINDOW = timedelta(minutes=10)
FEWEST = 5
_MOST = 20_000


class Figures:
    """Attempts of the last ten minutes, and how many files of each source wait."""

    def __init__(self, sources: list[FileSource]) -> None:
        self._room = {source.name: source.upload_queue_size for source in sources}
        self._waiting: dict[str, int] = {}
        self._attempts: deque[tuple[datetime, bool]] = deque(maxlen=_MOST)

    def attempt(self, at: datetime, *, succeeded: bool) -> None:
        """An attempt ended."""
        self._attempts.append((at, succeeded))

    def waiting(self, source: str, count: int) -> None:
        """So many uploads of `source` wait or run now."""
        self._waiting[source] = count
        metrics.UPLOAD_QUEUE.set(sum(self._waiting.values()))

    def failure_ratio(self, now: datetime) -> float:
        """The part of the last ten minutes' attempts that failed; 0 when there were under five."""
        while self._attempts and self._attempts[0][0] < now - WINDOW:
            self._attempts.popleft()
        if len(self._attempts) < FEWEST:
            return 0.0
        return sum(not ok for _at, ok in self._attempts) / len(self._attempts)

    def queue_ratio(self) -> float:
        """How full the fullest source's queue is: 1 when it takes no more."""
        return max((self._waiting.get(s, 0) / room for s, room in self._room.items()), default=0.0)
