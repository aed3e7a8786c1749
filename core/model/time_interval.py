"""Time intervals: minutes of the day, weekdays, days of the month, months, years, holidays.

Source: Alertmanager's `time_intervals` (timeinterval/timeinterval.go): within a field any range
will do, all fields that are given must hold, and of an interval's entries any will do. Times are
read in the entry's zone, so a clock change moves them with the wall clock: a range between 02:00
and 03:00 is skipped on the night that has no such hour, and holds twice where it comes twice.
Holidays and workdays are ours.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

from core.model.holiday import Days

Range = tuple[int, int]
DAY = 24 * 60
_MINUTE = timedelta(minutes=1)


class TimeSpan(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of an interval. What is empty does not narrow it.

    times: minutes since midnight, the end excluded; all other ranges include both ends.
    weekdays: 0 is Sunday. days_of_month: -1 is the last day of the month.
    holidays: only on these days; except_holidays: on none of these; workdays: only on days that
    are worked there.
    """

    times: tuple[Range, ...] = ()
    weekdays: tuple[Range, ...] = ()
    days_of_month: tuple[Range, ...] = ()
    months: tuple[Range, ...] = ()
    years: tuple[Range, ...] = ()
    holidays: tuple[Days, ...] = ()
    except_holidays: tuple[Days, ...] = ()
    workdays: tuple[Days, ...] = ()
    zone: ZoneInfo = ZoneInfo("UTC")

    def contains(self, at: datetime) -> bool:
        """Whether the moment `at` (aware) lies in it."""
        wall = at.astimezone(self.zone)
        minute = wall.hour * 60 + wall.minute
        if self.times and not any(begin <= minute < end for begin, end in self.times):
            return False
        return self._takes(wall.date())

    def _takes(self, day: date) -> bool:
        return (
            _within(self.weekdays, day.isoweekday() % 7)
            and (not self.days_of_month or any(_in_month(r, day) for r in self.days_of_month))
            and _within(self.months, day.month)
            and _within(self.years, day.year)
            and (not self.holidays or any(d.holds(day) for d in self.holidays))
            and not any(d.holds(day) for d in self.except_holidays)
            and (not self.workdays or any(d.worked(day) for d in self.workdays))
        )

    def next_change(self, at: datetime) -> datetime:
        """A moment after `at` before which `contains` answers as it does at `at`.

        The next edge of its times, or the next midnight; on the day of a clock change simply the
        next minute.
        """
        wall = at.astimezone(self.zone)
        midnight = datetime.combine(wall.date(), time(), self.zone)
        minute = wall.hour * 60 + wall.minute
        edge = min((m for r in self.times for m in r if m > minute), default=DAY)
        found = (midnight + timedelta(minutes=edge)).astimezone(UTC)
        if found <= at or found.astimezone(self.zone).utcoffset() != wall.utcoffset():
            return at.astimezone(UTC).replace(second=0, microsecond=0) + _MINUTE
        return found


class TimeInterval(msgspec.Struct, frozen=True):
    """A named set of spans."""

    name: str
    spans: tuple[TimeSpan, ...]

    def contains(self, at: datetime) -> bool:
        """Whether any of its spans holds at `at`."""
        return any(span.contains(at) for span in self.spans)

    def next_change(self, at: datetime) -> datetime:
        """A moment after `at` before which `contains` answers as it does at `at`."""
        return min(span.next_change(at) for span in self.spans)


def _within(ranges: tuple[Range, ...], value: int) -> bool:
    return not ranges or any(begin <= value <= end for begin, end in ranges)


def _in_month(days: Range, day: date) -> bool:
    """Ranges stop at the ends of the month; one that begins after its last day never holds."""
    length = ((day.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1)).day
    begin, end = (length + d + 1 if d < 0 else d for d in days)
    return begin <= day.day <= end
