"""Wall clocks: what one shows at an instant, and when one first shows a reading.

Where clocks are put forward some readings never come, where they are put back some come twice.
What is planned for a reading happens when the clock first shows it or a later one; so what is
planned in an order happens in that order.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_SECOND = timedelta(seconds=1)


def reading(at: datetime, tz: ZoneInfo) -> datetime:
    """What a wall clock in `tz` shows at `at`, without a zone."""
    return at.astimezone(tz).replace(tzinfo=None)


def instant(shown: datetime, tz: ZoneInfo) -> datetime:
    """When a wall clock in `tz` first shows `shown` or later, in UTC."""
    first = shown.replace(tzinfo=tz, fold=0).astimezone(UTC)
    if reading(first, tz) == shown:
        return first
    # Never shown: `first` lies after the jump, and what the other offset gives lies before it.
    before = shown.replace(tzinfo=tz, fold=1).astimezone(UTC)
    low, high = min(before, first), max(before, first)
    while high - low > _SECOND:
        middle = low + timedelta(seconds=int((high - low).total_seconds()) // 2)
        if reading(middle, tz) >= shown:
            high = middle
        else:
            low = middle
    return high
