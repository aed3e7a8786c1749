"""What a fingerprint did lately, and how much of that is too much."""

from __future__ import annotations

from datetime import timedelta

import msgspec

from core.model.matcher import Matcher


class Damping(msgspec.Struct, frozen=True):
    """fire of `of`: how many of how many signals make it fire; clears: in a row, to end it."""

    matchers: tuple[Matcher, ...] = ()
    fire: int = 1
    of: int = 1
    clears: int = 1


UNDAMPED = Damping()


class Flapping(msgspec.Struct, frozen=True):
    """changes between firing and clear within a time; calm: so long without one ends it."""

    enabled: bool
    changes: int
    within: timedelta
    calm: timedelta


class History(msgspec.Struct, kw_only=True):
    """What one fingerprint did lately.

    changes: when it turned from firing to clear or back, as Unix seconds, oldest first.
    firing: what its last signal said. seen: its last signals, `F` and `C`, newest last.
    confirmed: enough of them fired, in this episode. touched: when the last came.
    """

    changes: list[float] = []
    firing: bool = False
    seen: str = ""
    confirmed: bool = False
    touched: float = 0.0

    def take(self, firing: bool, at: float, damping: Damping, settings: Flapping) -> None:
        """One more signal; `at` in Unix seconds."""
        if firing != self.firing:
            oldest = at - max(settings.within, settings.calm).total_seconds()
            recent = [t for t in self.changes if oldest < t <= at]
            self.changes = [*recent, at][-settings.changes :]
        self.firing, self.touched = firing, at
        self.seen = (self.seen + ("F" if firing else "C"))[-max(damping.of, damping.clears) :]
        if self.seen[-damping.of :].count("F") >= damping.fire:
            self.confirmed = True

    def clears(self) -> int:
        """How many of its last signals, in a row, were clears."""
        return len(self.seen) - len(self.seen.rstrip("C"))

    def flaps(self, at: float, settings: Flapping) -> bool:
        """Whether it changed often enough to be called flapping."""
        oldest = at - settings.within.total_seconds()
        return settings.enabled and sum(t > oldest for t in self.changes) >= settings.changes
