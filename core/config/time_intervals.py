"""The settings of time intervals: Alertmanager's words, checked and made into spans.

Source: Alertmanager documentation, "time_interval". Beyond it: a range of weekdays may run over
Saturday (`friday:monday`), and holidays.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, model_validator

from core.errors import InvalidInput
from core.model.holiday import Days, parse_days
from core.model.time_interval import DAY, Range, TimeInterval, TimeSpan

WEEKDAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
)  # fmt: skip
_TIME = re.compile(r"(\d{2}):(\d{2})")
LOCAL = "Local"


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


def _minute(value: Any) -> int:
    """`17:00` → 1020. YAML reads a bare 17:00 as that number by itself (sexagesimal)."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError('write a time as "09:30"')
    if isinstance(value, int):
        minute = value
    else:
        found = _TIME.fullmatch(value.strip())
        if found is None or int(found[2]) > 59:
            raise ValueError('write a time as "09:30"')
        minute = int(found[1]) * 60 + int(found[2])
    if not 0 <= minute <= DAY:
        raise ValueError("a time lies between 00:00 and 24:00")
    return minute


def _written_minute(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _written_range(bounds: Range) -> str:
    return f"{bounds[0]}:{bounds[1]}"


def _written_weekdays(days: Range) -> str:
    return f"{WEEKDAYS[days[0]]}:{WEEKDAYS[days[1]]}"


# As they are read: rules are kept and shown in the words of the settings.
Minute = Annotated[
    int, BeforeValidator(_minute), PlainSerializer(_written_minute, when_used="json")
]
WrittenRange = PlainSerializer(_written_range, when_used="json")
WrittenDays = PlainSerializer(str, when_used="json")


class TimeRange(_Section):
    """From `start_time` to `end_time`, which is excluded; `24:00` ends the day."""

    start_time: Minute
    end_time: Minute

    @model_validator(mode="after")
    def _forward(self) -> TimeRange:
        if self.start_time >= self.end_time:
            raise ValueError(
                "must end after it starts; over midnight needs two: …–24:00 and 00:00–…"
            )
        return self


def _bounds(value: Any, one: Callable[[str], int]) -> Range:
    """`a:b` or `a`. A number that YAML made of a bare `1:5` is caught by the caller's limits."""
    begin, colon, end = str(value).strip().lower().partition(":")
    first = one(begin.strip())
    return first, one(end.strip()) if colon else first


def _named(names: tuple[str, ...], first: int, what: str) -> Callable[[str], int]:
    def one(text: str) -> int:
        if text in names:
            return names.index(text) + first
        raise ValueError(f"{text!r} is not {what}")

    return one


def _number(text: str) -> int:
    if not re.fullmatch(r"-?\d+", text):
        raise ValueError(f'{text!r} is not a number; write a range in quotes: "1:5"')
    return int(text)


def _weekdays(value: Any) -> Range:
    return _bounds(value, _named(WEEKDAYS, 0, "a weekday such as monday"))


def _day_of_month(value: Any) -> Range:
    begin, end = _bounds(value, _number)
    if not all(1 <= abs(day) <= 31 for day in (begin, end)):
        raise ValueError(
            'a day of the month is 1 to 31 or -31 to -1; write a range in quotes: "1:5"'
        )
    if begin < 0 < end:
        raise ValueError("a range that begins with a negative day ends with one")
    if (begin < 0) == (end < 0) and begin > end:
        raise ValueError("the range ends before it begins")
    return begin, end


def _month(value: Any) -> Range:
    name = _named(MONTHS, 1, "a month such as january or 1")

    def one(text: str) -> int:
        number = int(text) if text.isdecimal() else name(text)
        if not 1 <= number <= 12:
            raise ValueError('a month is 1 to 12 or its name; write a range in quotes: "1:3"')
        return number

    return _forward(_bounds(value, one))


def _year(value: Any) -> Range:
    begin, end = _forward(_bounds(value, _number))
    if not 1 <= begin <= end <= 9999:
        raise ValueError('a year has up to four digits; write a range in quotes: "2026:2028"')
    return begin, end


def _forward(bounds: Range) -> Range:
    if bounds[0] > bounds[1]:
        raise ValueError("the range ends before it begins")
    return bounds


def _days(value: Any) -> Days:
    try:
        return parse_days(value)
    except InvalidInput as error:
        raise ValueError(str(error)) from error


def _country(value: Any) -> Days:
    days = _days(value)
    if not days.country:
        raise ValueError(f"{value!r} is not a country code such as CN")
    return days


class TimeSpanSettings(_Section):
    """One entry: every field that is given must hold; within a field any range will do."""

    times: list[TimeRange] = []
    weekdays: list[
        Annotated[
            Range,
            BeforeValidator(_weekdays),
            PlainSerializer(_written_weekdays, when_used="json"),
        ]
    ] = []
    days_of_month: list[Annotated[Range, BeforeValidator(_day_of_month), WrittenRange]] = []
    months: list[Annotated[Range, BeforeValidator(_month), WrittenRange]] = []
    years: list[Annotated[Range, BeforeValidator(_year), WrittenRange]] = []
    location: str = "UTC"
    holidays: list[Annotated[Days, BeforeValidator(_days), WrittenDays]] = []
    except_holidays: list[Annotated[Days, BeforeValidator(_days), WrittenDays]] = []
    workdays: list[Annotated[Days, BeforeValidator(_country), WrittenDays]] = []

    @model_validator(mode="after")
    def _known_zone(self) -> TimeSpanSettings:
        try:
            if self.location != LOCAL:
                ZoneInfo(self.location)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(
                f"location {self.location!r} is not a time zone; use a name like Asia/Shanghai"
            ) from error
        return self

    def span(self, local: ZoneInfo) -> TimeSpan:
        """The entry, ready to ask. local: the house's zone, which `Local` stands for."""
        return TimeSpan(
            times=tuple((t.start_time, t.end_time) for t in self.times),
            weekdays=tuple(part for r in self.weekdays for part in _over_saturday(r)),
            days_of_month=tuple(self.days_of_month),
            months=tuple(self.months),
            years=tuple(self.years),
            holidays=tuple(self.holidays),
            except_holidays=tuple(self.except_holidays),
            workdays=tuple(self.workdays),
            zone=local if self.location == LOCAL else ZoneInfo(self.location),
        )


def _over_saturday(days: Range) -> tuple[Range, ...]:
    begin, end = days
    return (days,) if begin <= end else ((begin, 6), (0, end))


class TimeIntervalSettings(_Section):
    """A named interval: any of its entries will do."""

    name: str = Field(min_length=1)
    time_intervals: list[TimeSpanSettings] = Field(min_length=1)

    def interval(self, local: ZoneInfo) -> TimeInterval:
        """The interval, ready to ask. local: the house's zone, which `Local` stands for."""
        return TimeInterval(self.name, tuple(s.span(local) for s in self.time_intervals))
