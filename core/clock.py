"""Time is handed in: a clock is a function that returns the present moment in UTC."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)


def seconds(value: float) -> timedelta:
    """`value` seconds as a timedelta."""
    return timedelta(seconds=value)


def from_unix(value: float) -> datetime:
    """The moment of a Unix time in seconds."""
    return datetime.fromtimestamp(value, UTC)


def to_utc(moment: datetime) -> datetime:
    """`moment` in UTC; a time without a zone is taken as UTC already."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def iso(moment: datetime | None) -> str | None:
    """RFC 3339 with milliseconds and `Z`, as the API shows every time; None stays None."""
    if moment is None:
        return None
    return to_utc(moment).isoformat(timespec="milliseconds").replace("+00:00", "Z")
