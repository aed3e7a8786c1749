"""Files that may still be written, until each has been left alone for long enough."""

from __future__ import annotations

from core.intake.eligible import Version

MAX_WAITING = 100_000


class Quiet:
    """Waits for `silence` seconds of quiet. Moments are the caller's monotonic seconds.

    At most MAX_WAITING files wait; a scan finds the others again.
    """

    def __init__(self, silence: float) -> None:
        self._silence = silence
        # In the order in which they become due, since all wait equally long.
        self._waiting: dict[str, tuple[Version, float]] = {}

    def changed(self, path: str, version: Version, now: float) -> None:
        """It was written to: its silence begins anew."""
        self._waiting.pop(path, None)
        if len(self._waiting) < MAX_WAITING:
            self._waiting[path] = version, now + self._silence

    def seen(self, path: str, version: Version, now: float) -> None:
        """It is there: its silence begins when it is not known, or not as it is now."""
        known = self._waiting.get(path)
        if known is None or known[0] != version:
            self.changed(path, version, now)

    def gone(self, path: str) -> None:
        """It is no longer there."""
        self._waiting.pop(path, None)

    def due(self, now: float, limit: int) -> list[tuple[str, Version]]:
        """Take those that were quiet for long enough, as they were when last seen."""
        taken: list[tuple[str, Version]] = []
        for path, (version, due_at) in self._waiting.items():
            if due_at > now or len(taken) == limit:
                break
            taken.append((path, version))
        for path, _version in taken:
            del self._waiting[path]
        return taken

    def next_due(self) -> float | None:
        """When the next one is due, if it stays quiet."""
        return next((due_at for _version, due_at in self._waiting.values()), None)
