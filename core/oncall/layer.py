"""A layer: people take turns, shift by shift, maybe only at certain hours of certain days.

Shifts change on the wall clock: one that changes at 09:00 does so in summer and in winter.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec

from core.clock import to_utc
from core.config.oncall import Layer as LayerSettings
from core.oncall.wall import instant, reading

_LENGTHS = {
    "hourly": timedelta(hours=1),
    "daily": timedelta(days=1),
    "weekly": timedelta(weeks=1),
}
_DAYS_AHEAD = 8  # every weekday comes within


class Window(msgspec.Struct, frozen=True):
    """A part of the day, in minutes from the midnight before it, on some weekdays (Monday 0)."""

    days: frozenset[int]
    first: int
    last: int


class Layer(msgspec.Struct, frozen=True, kw_only=True):
    """start: the wall clock's reading when the first shift begins. length None: a month.

    begins, ends: the instants between which the layer counts; ends None: for ever.
    """

    tz: ZoneInfo
    people: tuple[str, ...]
    start: datetime
    length: timedelta | None
    begins: datetime
    ends: datetime | None
    windows: tuple[Window, ...] = ()

    def person(self, at: datetime) -> str | None:
        """Whose turn it is at `at`; None when the layer does not count then."""
        if at < self.begins or (self.ends is not None and at >= self.ends):
            return None
        if self.windows and not self._open(at):
            return None
        return self.people[self._turn(at) % len(self.people)]

    def next_change(self, at: datetime) -> datetime | None:
        """The first moment after `at` at which `person` may change; None when it never does."""
        if at < self.begins:
            return self.begins
        if self.ends is not None and at >= self.ends:
            return None
        moments = [] if self.ends is None else [self.ends]
        if len(set(self.people)) > 1:
            turn = self._turn(at) + 1
            while (handoff := self._handoff(turn)) <= at:
                turn += 1
            moments.append(handoff)
        moments += [m for pair in self._windows_near(at, _DAYS_AHEAD) for m in pair if m > at]
        return min(moments, default=None)

    def _handoff(self, turn: int) -> datetime:
        """When shift number `turn` begins. A day that a month does not have is its last one."""
        if self.length is not None:
            return instant(self.start + turn * self.length, self.tz)
        years, month = divmod(self.start.month - 1 + turn, 12)
        year, month = self.start.year + years, month + 1
        day = min(self.start.day, _month_days(year, month))
        return instant(self.start.replace(year=year, month=month, day=day), self.tz)

    def _turn(self, at: datetime) -> int:
        """The number of the last shift that has begun."""
        shown = reading(at, self.tz)
        if self.length is not None:
            turn = (shown - self.start) // self.length
        else:
            turn = (shown.year - self.start.year) * 12 + shown.month - self.start.month
        while self._handoff(turn + 1) <= at:
            turn += 1
        while turn > 0 and self._handoff(turn) > at:
            turn -= 1
        return max(turn, 0)

    def _open(self, at: datetime) -> bool:
        return any(first <= at < last for first, last in self._windows_near(at, 1))

    def _windows_near(self, at: datetime, ahead: int) -> list[tuple[datetime, datetime]]:
        """The windows that begin from the day before `at` to so many days after it."""
        if not self.windows:
            return []
        today = reading(at, self.tz).date()
        return [
            pair
            for days in range(-1, ahead + 1)
            for pair in _of_day(today + timedelta(days=days), self.windows, self.tz)
        ]


@lru_cache(maxsize=4096)
def _of_day(
    day: date, windows: tuple[Window, ...], tz: ZoneInfo
) -> tuple[tuple[datetime, datetime], ...]:
    """When the windows of a day begin and end; asked for again and again as time is walked."""
    midnight, minute = datetime.combine(day, time()), timedelta(minutes=1)
    return tuple(
        (instant(midnight + w.first * minute, tz), instant(midnight + w.last * minute, tz))
        for w in windows
        if day.weekday() in w.days
    )


def make_layer(settings: LayerSettings, tz: ZoneInfo) -> Layer:
    """A layer of the settings."""
    start = settings.start if settings.start.tzinfo is None else reading(settings.start, tz)
    if settings.handoff:
        hour, minute = settings.handoff.split(":")
        start = start.replace(hour=int(hour), minute=int(minute), second=0, microsecond=0)
    rotation = settings.rotation
    return Layer(
        tz=tz,
        people=tuple(settings.people),
        start=start,
        length=_LENGTHS.get(rotation) if isinstance(rotation, str) else rotation,
        begins=instant(start, tz),
        ends=in_utc(settings.end, tz) if settings.end else None,
        windows=tuple(Window(r.days, *r.minutes) for r in settings.restrictions),
    )


def in_utc(moment: datetime, tz: ZoneInfo) -> datetime:
    """A moment of the settings: with a zone of its own, or on a wall clock in `tz`."""
    return instant(moment, tz) if moment.tzinfo is None else to_utc(moment)


def _month_days(year: int, month: int) -> int:
    following = datetime(year + month // 12, month % 12 + 1, 1)
    return (following - timedelta(days=1)).day
