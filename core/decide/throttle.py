"""Stage: a receiver is told at most so often; what is held is told in its next notification."""

from __future__ import annotations

from datetime import UTC, datetime

from core.clock import iso
from core.config.units import format_duration
from core.decide.route import Throttle
from core.decide.state import State
from core.model.decision import StageVerdict


class Throttles:
    """When receivers were told lately; kept in the fold's state."""

    def __init__(self, state: State) -> None:
        self._state = state

    def free(self, receiver: str, throttle: Throttle, now: datetime) -> int:
        """How many notifications it may have now."""
        return throttle.most - len(self._recent(receiver, throttle, now))

    def next_free(self, receiver: str, throttle: Throttle, now: datetime) -> datetime:
        """When it may have one more."""
        recent = self._recent(receiver, throttle, now)
        if len(recent) < throttle.most:
            return now
        return datetime.fromtimestamp(recent[-throttle.most], UTC) + throttle.per

    def spend(self, receiver: str, throttle: Throttle, now: datetime) -> None:
        """It was told."""
        recent = self._recent(receiver, throttle, now)
        self._state.throttles[receiver] = [*recent, now.timestamp()]
        self._state.changes.throttles.add(receiver)

    def _recent(self, receiver: str, throttle: Throttle, now: datetime) -> list[float]:
        at, per = now.timestamp(), throttle.per.total_seconds()
        # Not what seems to lie ahead: the clock was set back.
        return [t for t in self._state.throttles.get(receiver, []) if at - per < t <= at]


def throttled(receiver: str, throttle: Throttle, until: datetime) -> StageVerdict:
    """What the record says of an alert that waits for its receiver's next notification."""
    note = f"{throttle.most} in {format_duration(throttle.per)} (until {iso(until)})"
    return StageVerdict("throttle", "grouped", "throttle", receiver, note)
