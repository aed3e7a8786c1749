"""Circuit breaker: a model that keeps failing is left alone for a while."""

from __future__ import annotations

from datetime import datetime, timedelta

from core.clock import Clock

FAILURES = 5
REST = timedelta(seconds=60)


class Breaker:
    """Closed until FAILURES in a row; then open for REST; then one probe decides."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failures = 0
        self._open_until: datetime | None = None
        self._probing = False

    @property
    def is_open(self) -> bool:
        """Whether a call would be refused now."""
        if self._open_until is None:
            return False
        return self._probing or self._clock() < self._open_until

    def enter(self) -> bool:
        """Ask to make a call; False while open. After the rest the first to ask is the probe."""
        if self.is_open:
            return False
        self._probing = self._open_until is not None
        return True

    def succeeded(self) -> None:
        """The service answered."""
        self._failures, self._open_until, self._probing = 0, None, False

    def failed(self) -> None:
        """The service is unwell."""
        self._failures += 1
        if self._failures >= FAILURES or self._probing:
            self._open_until = self._clock() + REST
        self._probing = False

    def left(self) -> None:
        """A call ended without telling anything about the service (it was canceled)."""
        self._probing = False
