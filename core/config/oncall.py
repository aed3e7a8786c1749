"""The settings of on-call schedules: layers, their rotations and restrictions, overrides."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from core.config.units import parse_duration

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_HOURS = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})")
_SHORTEST = timedelta(minutes=30)
DAY = 24 * 60  # minutes


def _local_moment(value: Any) -> Any:
    """A date or a date with a time; without a zone it is on the schedule's own wall clock."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError as error:
            raise ValueError("write a moment like 2026-01-05T09:00") from error
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time())
    if not isinstance(value, datetime) or not 1970 <= value.year <= 9000:
        raise ValueError("write a moment like 2026-01-05T09:00")
    return value


LocalMoment = Annotated[datetime, BeforeValidator(_local_moment)]


def _rotation(value: Any) -> Any:
    if value in {"daily", "weekly", "monthly", "hourly"}:
        return value
    try:
        length = parse_duration(value)
    except ValueError as error:
        raise ValueError(
            "must be hourly, daily, weekly, monthly, or the length of a shift such as 12h"
        ) from error
    if length < _SHORTEST or length % timedelta(minutes=1):
        raise ValueError("a shift lasts whole minutes, 30m at least")
    return length


Rotation = Annotated[
    Literal["hourly", "daily", "weekly", "monthly"] | timedelta, BeforeValidator(_rotation)
]


class OnCallSection(BaseModel):
    """Base of these settings: unknown keys are mistakes, values never change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Restriction(OnCallSection):
    """When a layer counts: `hours` of the wall clock on `weekdays`, those on which they begin.

    `22:00-06:00` goes past midnight. weekdays: names, or ranges such as `monday:friday`.
    """

    weekdays: list[str] = ["monday:sunday"]
    hours: str = "00:00-24:00"

    @field_validator("weekdays", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @model_validator(mode="after")
    def _readable(self) -> Restriction:
        if not self.days:
            raise ValueError("weekdays must name at least one day")
        _minutes(self.hours)
        return self

    @property
    def days(self) -> frozenset[int]:
        """Weekdays, Monday 0. ValueError when one cannot be read."""
        found: set[int] = set()
        for entry in self.weekdays:
            first, _, last = re.sub(r"\s*[-:]\s*", ":", entry.strip().lower()).partition(":")
            begin, end = _day(first), _day(last or first)
            found.update((begin + i) % 7 for i in range((end - begin) % 7 + 1))
        return frozenset(found)

    @property
    def minutes(self) -> tuple[int, int]:
        """First and last minute of the day; the last is past `DAY` when it is on the next one."""
        return _minutes(self.hours)


def _minutes(hours: str) -> tuple[int, int]:
    found = _HOURS.fullmatch(hours.strip())
    if found is None:
        raise ValueError("write hours like 09:00-18:00")
    h1, m1, h2, m2 = (int(part) for part in found.groups())
    first, last = h1 * 60 + m1, h2 * 60 + m2
    if max(m1, m2) > 59 or first >= DAY or last > DAY:
        raise ValueError("write hours like 09:00-18:00")
    return first, last if last > first else last + DAY


def _day(text: str) -> int:
    found = [i for i, name in enumerate(_DAYS) if len(text) >= 3 and name.startswith(text)]
    if not found:
        raise ValueError(f"{text!r} is not a weekday; write it like monday or monday:friday")
    return found[0]


class Layer(OnCallSection):
    """One rotation: each shift the next person, from `start` on. Later layers win.

    handoff: the time of day (`09:00`) at which shifts change, instead of that of `start`.
    """

    rotation: Rotation = "weekly"
    start: LocalMoment
    end: LocalMoment | None = None
    handoff: str = Field("", pattern=r"^(([01]?\d|2[0-3]):[0-5]\d)?$")
    people: list[str] = Field(min_length=1, max_length=500)
    restrictions: list[Restriction] = Field([], max_length=20)

    @field_validator("handoff", mode="before")
    @classmethod
    def _without_quotes(cls, value: Any) -> Any:
        """YAML reads an unquoted 10:00 as 600, a number to the base of 60."""
        if isinstance(value, int) and 0 <= value < DAY:
            return f"{value // 60:02}:{value % 60:02}"
        return value


class Override(OnCallSection):
    """Someone is on call from `start` to `end`, whatever the layers say."""

    person: str = Field(min_length=1)
    start: LocalMoment
    end: LocalMoment


class Schedule(OnCallSection):
    """Who is on call when: layers, over them the calendar file `ical`, over all the overrides."""

    name: str = Field(pattern=r"^[\w.-]{1,64}$")
    timezone: str = "Asia/Shanghai"
    layers: list[Layer] = Field([], max_length=50)
    overrides: list[Override] = Field([], max_length=2000)
    ical: str = ""

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, OSError, ValueError) as error:
            raise ValueError(
                f"{value!r} is not a time zone; use a name like Asia/Shanghai"
            ) from error
        return value

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Schedule:
        spans = [(f"layers[{i}]", s.start, s.end) for i, s in enumerate(self.layers)]
        spans += [(f"overrides[{i}]", s.start, s.end) for i, s in enumerate(self.overrides)]
        for path, start, end in spans:
            if end is not None and _seconds(end, self) <= _seconds(start, self):
                raise ValueError(f"{path}.end must be after its start")
        return self


def _seconds(moment: datetime, schedule: Schedule) -> float:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(schedule.timezone))
    return aware.timestamp()
