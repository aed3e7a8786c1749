"""Time intervals: against a reference that is slow and plain, and at the edges of calendars."""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from core.config.time_intervals import MONTHS, WEEKDAYS, TimeIntervalSettings
from core.model.time_interval import TimeInterval

SHANGHAI = ZoneInfo("Asia/Shanghai")
ZONES = ["UTC", "Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]


def interval(*spans: dict[str, Any]) -> TimeInterval:
    settings = TimeIntervalSettings.model_validate({"name": "i", "time_intervals": list(spans)})
    return settings.interval(SHANGHAI)


def at(text: str, zone: str = "UTC") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


# Against a plain reference

moments = st.datetimes(datetime(2024, 1, 1), datetime(2027, 12, 31)).map(
    lambda d: d.replace(tzinfo=UTC)
)
minutes = st.integers(0, 1440)
clock = minutes.map(lambda m: f"{m // 60:02}:{m % 60:02}")
times = st.tuples(clock, clock).filter(lambda t: t[0] < t[1])
weekdays = st.tuples(st.sampled_from(WEEKDAYS), st.sampled_from(WEEKDAYS))
days = (
    st.tuples(st.integers(1, 31), st.integers(1, 31)).filter(lambda d: d[0] <= d[1])
    | st.tuples(st.integers(-31, -1), st.integers(-31, -1)).filter(lambda d: d[0] <= d[1])
    | st.tuples(st.integers(1, 31), st.integers(-31, -1))
)
months = st.tuples(st.integers(1, 12), st.integers(1, 12)).filter(lambda m: m[0] <= m[1])
years = st.tuples(st.integers(2023, 2028), st.integers(2023, 2028)).filter(lambda y: y[0] <= y[1])


@st.composite
def spans(draw: st.DrawFn) -> dict[str, Any]:
    span: dict[str, Any] = {"location": draw(st.sampled_from(ZONES))}
    for field, values in (
        ("times", times), ("weekdays", weekdays), ("days_of_month", days), ("months", months),
        ("years", years),
    ):  # fmt: skip
        if draw(st.booleans()):
            span[field] = draw(st.lists(values, min_size=1, max_size=3))
    return span


def written(span: dict[str, Any]) -> dict[str, Any]:
    """As it stands in a settings file."""
    said: dict[str, Any] = {"location": span["location"]}
    if "times" in span:
        said["times"] = [{"start_time": a, "end_time": b} for a, b in span["times"]]
    for field in ("weekdays", "days_of_month", "months", "years"):
        if field in span:
            said[field] = [f"{a}:{b}" for a, b in span[field]]
    return said


def holds(span: dict[str, Any], moment: datetime) -> bool:
    wall = moment.astimezone(ZoneInfo(span["location"]))
    length = calendar.monthrange(wall.year, wall.month)[1]

    def walked(first: str, last: str) -> list[str]:
        found = [first]
        while found[-1] != last:
            found.append(WEEKDAYS[(WEEKDAYS.index(found[-1]) + 1) % 7])
        return found

    def positive(day: int) -> int:
        return day if day > 0 else length + 1 + day

    weekday = WEEKDAYS[(wall.weekday() + 1) % 7]
    return all(
        [
            any(a <= f"{wall:%H:%M}" < b for a, b in span.get("times", [("00:00", "24:00")])),
            any(weekday in walked(a, b) for a, b in span.get("weekdays", [("sunday", "saturday")])),
            any(
                wall.day in range(positive(a), positive(b) + 1)
                for a, b in span.get("days_of_month", [(1, 31)])
            ),
            any(a <= wall.month <= b for a, b in span.get("months", [(1, 12)])),
            any(a <= wall.year <= b for a, b in span.get("years", [(1, 9999)])),
        ]
    )


@given(st.lists(spans(), min_size=1, max_size=3), moments)
def test_it_holds_when_a_plain_reference_says_so(some: list[dict[str, Any]], moment: datetime):
    assert interval(*map(written, some)).contains(moment) == any(holds(s, moment) for s in some)


@given(spans(), moments, st.floats(0, 1))
def test_nothing_changes_before_the_next_change(
    span: dict[str, Any], moment: datetime, part: float
):
    subject = interval(written(span))
    change = subject.next_change(moment)
    assert moment < change <= moment + timedelta(hours=25)
    between = moment + (change - moment - timedelta(microseconds=1)) * part
    assert subject.contains(between) == subject.contains(moment)


# Edges


def test_a_day_ends_at_24_00_and_an_end_is_excluded() -> None:
    evening = interval({"times": [{"start_time": "22:00", "end_time": "24:00"}]})
    assert evening.contains(at("2026-03-01T23:59:59"))
    assert not evening.contains(at("2026-03-02T00:00"))
    morning = interval({"times": [{"start_time": "09:00", "end_time": "10:00"}]})
    assert morning.contains(at("2026-03-01T09:00"))
    assert not morning.contains(at("2026-03-01T10:00"))


@pytest.mark.parametrize(
    ("day", "inside"),
    [("2026-02-28", True), ("2026-02-27", False), ("2028-02-29", True), ("2028-02-28", False),
     ("2026-04-30", True), ("2026-05-30", False), ("2026-05-31", True)],
)  # fmt: skip
def test_the_last_day_of_the_month(day: str, inside: bool) -> None:
    assert interval({"days_of_month": ["-1"]}).contains(at(f"{day}T12:00")) is inside


def test_days_that_a_month_does_not_have_stop_at_its_end() -> None:
    subject = interval({"days_of_month": ["30:31", "-31:-29"]})
    assert not subject.contains(at("2026-02-28T12:00"))
    assert not subject.contains(at("2026-02-01T12:00"))
    assert subject.contains(at("2026-03-01T12:00"))  # -31 of a month of 31 days


def test_the_hour_that_is_skipped_and_the_hour_that_comes_twice() -> None:
    night = {"times": [{"start_time": "02:00", "end_time": "03:00"}], "location": "Europe/Berlin"}
    subject = interval(night)
    spring = [at("2026-03-29T00:00") + timedelta(minutes=m) for m in range(180)]
    assert not any(subject.contains(m) for m in spring)  # 02:00 to 03:00 was not
    autumn = [at("2026-10-24T23:00") + timedelta(minutes=m) for m in range(240)]
    assert sum(subject.contains(m) for m in autumn) == 120


def test_every_change_is_found_by_walking_through_clock_changes() -> None:
    subject = interval(
        {"times": [{"start_time": "01:30", "end_time": "02:30"}], "location": "Europe/Berlin"}
    )
    for start in (at("2026-03-28T12:00"), at("2026-10-24T12:00")):
        minutely = [start + timedelta(minutes=n) for n in range(2880)]
        by_minute = [b for a, b in pairwise(minutely) if subject.contains(a) != subject.contains(b)]
        moment, walked = start, []
        while moment < start + timedelta(days=2):
            after = subject.next_change(moment)
            if subject.contains(after) != subject.contains(moment):
                walked.append(after)
            moment = after
        assert [m for m in walked if m < start + timedelta(days=2)] == by_minute


def test_without_a_location_times_are_utc_as_in_alertmanager_and_local_is_the_house() -> None:
    nine = {"times": [{"start_time": "09:00", "end_time": "10:00"}]}
    assert interval(nine).contains(at("2026-03-02T09:30"))
    assert interval({**nine, "location": "Local"}).contains(at("2026-03-02T09:30", "Asia/Shanghai"))


def test_weekdays_may_run_over_saturday() -> None:
    weekend = interval({"weekdays": ["friday:monday"]})
    assert [weekend.contains(at(f"2026-03-{d:02}T12:00")) for d in range(1, 8)] == [
        True, True, False, False, False, True, True,
    ]  # fmt: skip


def test_a_country_keeps_its_holidays_and_works_on_moved_weekends() -> None:
    zone = {"location": "Asia/Shanghai"}
    holiday = interval({"holidays": ["CN", "2026-12-24:2026-12-26"], **zone})
    assert holiday.contains(at("2026-10-01T08:00", "Asia/Shanghai"))
    assert holiday.contains(at("2026-12-25T08:00", "Asia/Shanghai"))
    assert not holiday.contains(at("2026-11-25T08:00", "Asia/Shanghai"))
    office = interval({"workdays": ["CN"], "except_holidays": [date(2026, 6, 8)], **zone})
    assert office.contains(at("2026-10-10T08:00", "Asia/Shanghai"))  # a Saturday that is worked
    assert not office.contains(at("2026-10-11T08:00", "Asia/Shanghai"))
    assert not office.contains(at("2026-10-05T08:00", "Asia/Shanghai"))
    assert not office.contains(at("2026-06-08T08:00", "Asia/Shanghai"))
    assert interval({"holidays": ["DE-BY"]}).contains(at("2026-01-06T12:00"))
    assert not interval({"holidays": ["DE-HH"]}).contains(at("2026-01-06T12:00"))


# What is refused, and what YAML makes of bare words


@pytest.mark.parametrize(
    ("span", "says"),
    [
        ({"times": [{"start_time": "22:00", "end_time": "06:00"}]}, "two"),
        ({"times": [{"start_time": "9:00", "end_time": "10:00"}]}, "09:30"),
        ({"times": [{"start_time": "09:00", "end_time": "24:01"}]}, "24:00"),
        ({"times": [{"start_time": "09:60", "end_time": "10:00"}]}, "09:30"),
        ({"weekdays": ["mon"]}, "monday"),
        ({"weekdays": [1]}, "monday"),
        ({"days_of_month": ["0"]}, "1 to 31"),
        ({"days_of_month": ["-3:2"]}, "negative"),
        ({"days_of_month": ["5:1"]}, "before it begins"),
        ({"days_of_month": [65]}, "quotes"),
        ({"months": ["13"]}, "1 to 12"),
        ({"months": ["march:january"]}, "before it begins"),
        ({"months": ["smarch"]}, "january"),
        ({"years": ["2028:2026"]}, "before it begins"),
        ({"years": ["soon"]}, "not a number"),
        ({"location": "Mars/Olympus"}, "Asia/Shanghai"),
        ({"location": "../etc/passwd"}, "Asia/Shanghai"),
        ({"holidays": ["XX"]}, "not known"),
        ({"holidays": ["2026-13-01"]}, "2026-10-01"),
        ({"holidays": ["2026-10-07:2026-10-01"]}, "before it begins"),
        ({"workdays": ["2026-10-01"]}, "country code"),
        ({"hours": []}, "Extra"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_is_allowed(span: dict[str, Any], says: str):
    with pytest.raises(ValidationError, match=says):
        interval(span)


def test_bare_values_as_yaml_reads_them() -> None:
    subject = interval(
        {
            "times": [{"start_time": 1020, "end_time": "18:00"}],
            "years": [2026],
            "months": [3, "May"],
        }
    )
    assert subject.contains(at("2026-03-02T17:30"))
    assert not subject.contains(at("2026-04-02T17:30"))
    assert MONTHS.index("may") == 4
