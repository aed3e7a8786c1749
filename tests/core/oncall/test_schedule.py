"""Schedules against a reference that walks through time minute by minute, clock changes too."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.config.oncall import Schedule as ScheduleSettings
from core.oncall.schedule import make_schedule
from core.oncall.span import Span, Spans
from core.oncall.wall import instant, reading

MINUTE = timedelta(minutes=1)
EDGES = {  # a day on which clocks change, and one on which they do not
    "Europe/Berlin": ["2026-03-29", "2026-10-25", "2026-06-01"],
    "America/New_York": ["2026-03-08", "2026-11-01", "2026-12-31"],
    "Asia/Shanghai": ["2026-03-29", "2026-02-28"],
    "Australia/Lord_Howe": ["2026-04-05", "2026-10-04"],  # by half an hour
}
ZONES = st.sampled_from(sorted(EDGES))


def schedule(**raw: Any) -> ScheduleSettings:
    return ScheduleSettings.model_validate({"name": "primary", **raw})


def reference(raw: ScheduleSettings, first: datetime, minutes: int) -> list[str]:
    """Who is on call at each minute: a person at the wall clock who only reads it.

    Each layer keeps the next reading at which it hands over; when the clock shows that or more,
    it does.
    """
    tz = ZoneInfo(raw.timezone)
    found = []
    states = []
    for layer in raw.layers:
        start = layer.start
        if layer.handoff:
            hour, minute = layer.handoff.split(":")
            start = start.replace(hour=int(hour), minute=int(minute))
        states.append({"turn": -1, "next": start, "start": start})
    at = min(first, *(s["start"].replace(tzinfo=UTC) - timedelta(days=2) for s in states))
    highest = datetime.min
    while at < first + minutes * MINUTE:
        shown = at.astimezone(tz).replace(tzinfo=None)
        highest = max(highest, shown)
        on_call = ""
        for layer, state in zip(raw.layers, states, strict=True):
            while highest >= state["next"]:
                state["turn"] += 1
                state["next"] = following(layer.rotation, state["start"], state["turn"] + 1)
            over = layer.end is not None and highest >= layer.end
            if state["turn"] < 0 or over or not is_open(layer.restrictions, highest):
                continue
            on_call = layer.people[state["turn"] % len(layer.people)]
        if at >= first:
            found.append(on_call)
        at += MINUTE
    return found


def following(rotation: Any, start: datetime, turn: int) -> datetime:
    if rotation == "monthly":
        month = start.month - 1 + turn
        year, month = start.year + month // 12, month % 12 + 1
        for day in range(start.day, 0, -1):
            try:
                return start.replace(year=year, month=month, day=day)
            except ValueError:
                continue
    words = {"hourly": 1, "daily": 24, "weekly": 168}
    hours = timedelta(hours=words[rotation]) if isinstance(rotation, str) else rotation
    return start + turn * hours


def is_open(restrictions: list[Any], shown: datetime) -> bool:
    if not restrictions:
        return True
    for restriction in restrictions:
        first, last = restriction.minutes
        for back in (0, 1):
            day = (shown - timedelta(days=back)).replace(hour=0, minute=0)
            since = (shown - day) // MINUTE
            if day.weekday() in restriction.days and first <= since < last:
                return True
    return False


@st.composite
def schedules(draw: st.DrawFn) -> tuple[ScheduleSettings, datetime]:
    zone = draw(ZONES)
    day = datetime.fromisoformat(draw(st.sampled_from(EDGES[zone])))
    people = st.lists(st.sampled_from("abcd"), min_size=1, max_size=4)
    restriction = st.builds(
        lambda first, length, days: {
            "hours": f"{first // 60:02}:{first % 60:02}-"
            f"{(first + length) % 1440 // 60:02}:{(first + length) % 1440 % 60:02}",
            "weekdays": days,
        },
        st.integers(0, 1439),
        st.integers(1, 1439),
        st.lists(
            st.sampled_from(["mon", "sat:mon", "sunday", "wednesday"]), min_size=1, max_size=2
        ),
    )
    layers = []
    for _ in range(draw(st.integers(1, 3))):
        start = day + timedelta(minutes=draw(st.integers(-4 * 1440, 600)))
        layer: dict[str, Any] = {
            "rotation": draw(
                st.sampled_from(["hourly", "daily", "weekly", "monthly", "30m", "45m", "12h", "3d"])
            ),
            "start": start.isoformat(),
            "people": draw(people),
            "restrictions": draw(st.lists(restriction, max_size=2)),
        }
        if draw(st.booleans()):
            layer["handoff"] = draw(st.sampled_from(["00:00", "02:30", "01:15", "09:00"]))
        if draw(st.integers(0, 3)) == 0:
            layer["end"] = (start + timedelta(minutes=draw(st.integers(1500, 5000)))).isoformat()
        layers.append(layer)
    return schedule(timezone=zone, layers=layers), day.replace(tzinfo=UTC) - timedelta(hours=14)


@settings(max_examples=25, deadline=None)
@given(schedules())
def test_it_agrees_with_a_person_who_reads_the_clock(
    example: tuple[ScheduleSettings, datetime],
) -> None:
    raw, first = example
    made = make_schedule(raw)
    minutes = 44 * 60
    wanted = reference(raw, first, minutes)
    given_ = [made.at(first + i * MINUTE)[0] for i in range(minutes)]
    assert given_ == wanted
    # Its duties say the same: no gap between them, no change that they miss.
    told: list[str] = []
    for duty in made.duties(first):
        end = duty.ends_at or first + minutes * MINUTE
        count = (min(end, first + minutes * MINUTE) - duty.starts_at) // MINUTE
        assert duty.starts_at == first + len(told) * MINUTE
        told += [duty.person] * count
        if len(told) >= minutes:
            break
    assert told == wanted


@given(
    ZONES,
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)),
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)),
)
def test_what_is_planned_in_an_order_happens_in_that_order(
    zone: str, first: datetime, second: datetime
) -> None:
    tz = ZoneInfo(zone)
    first, second = sorted(m.replace(microsecond=0) for m in (first, second))
    assert instant(first, tz) <= instant(second, tz)
    assert reading(instant(first, tz), tz) >= first


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 50), st.integers(1, 20)), max_size=12)
)
def test_of_spans_that_overlap_the_later_wins(given_: list[tuple[str, int, int]]) -> None:
    base = datetime(2026, 1, 1, tzinfo=UTC)
    spans = [
        Span(p, base + s * MINUTE, base + (s + n) * MINUTE, str(i))
        for i, (p, s, n) in enumerate(given_)
    ]
    laid = Spans(spans)
    for minute in range(80):
        at = base + minute * MINUTE
        over = [s for s in spans if s.starts_at <= at < s.ends_at]
        found = laid.at(at)
        assert (found.via if found else None) == (over[-1].via if over else None)


def test_a_weekly_handoff_stays_at_nine_when_clocks_change() -> None:
    made = make_schedule(
        schedule(
            timezone="Europe/Berlin",
            layers=[{"start": "2026-03-16T09:00", "people": ["li.wei", "wang.fang"]}],
        )
    )
    ends = [duty.ends_at for duty in islice(made.duties(datetime(2026, 3, 17, tzinfo=UTC)), 2)]
    assert ends == [datetime(2026, 3, 23, 8, tzinfo=UTC), datetime(2026, 3, 30, 7, tzinfo=UTC)]


def test_a_month_that_is_too_short_hands_over_on_its_last_day() -> None:
    made = make_schedule(
        schedule(
            timezone="Asia/Shanghai",
            layers=[{"rotation": "monthly", "start": "2026-01-31", "people": ["a", "b", "c"]}],
        )
    )
    duties = islice(made.duties(datetime(2026, 2, 1, tzinfo=UTC)), 3)
    ends = [reading(d.ends_at, made.tz).date().isoformat() for d in duties if d.ends_at]
    assert ends == ["2026-02-28", "2026-03-31", "2026-04-30"]


def test_an_override_wins_and_says_what_it_is() -> None:
    day = datetime(2026, 1, 7, tzinfo=UTC)
    raw = schedule(
        layers=[{"start": "2026-01-05T09:00", "people": ["a"]}],
        overrides=[{"person": "b", "start": "2026-01-07T08:00", "end": "2026-01-07T12:00"}],
    )
    made = make_schedule(raw, overrides=(Span("c", day, day + 60 * MINUTE, "OVR-1"),))
    assert made.at(day) == ("c", "OVR-1")
    assert made.at(day + 61 * MINUTE) == ("b", "config.yaml")
    assert made.at(day + timedelta(hours=5)) == ("a", "layer 1")


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        ({"timezone": "Mars/Olympus"}, "time zone"),
        ({"layers": [{"start": "soon", "people": ["a"]}]}, "moment"),
        ({"layers": [{"start": "2026-01-05", "people": []}]}, "at least 1"),
        ({"layers": [{"start": "2026-01-05", "people": ["a"], "rotation": "1s"}]}, "30m"),
        ({"layers": [{"start": "2026-01-05", "people": ["a"], "end": "2026-01-04"}]}, "after"),
        (
            {
                "layers": [
                    {
                        "start": "2026-01-05",
                        "people": ["a"],
                        "restrictions": [{"hours": "9-25", "weekdays": ["mon"]}],
                    }
                ]
            },
            "09:00-18:00",
        ),
        (
            {
                "layers": [
                    {
                        "start": "2026-01-05",
                        "people": ["a"],
                        "restrictions": [{"weekdays": ["monday:noday"]}],
                    }
                ]
            },
            "weekday",
        ),
    ],
)
def test_wrong_settings_are_told(wrong: dict[str, Any], where: str) -> None:
    with pytest.raises(ValueError, match=where):
        schedule(**wrong)


def test_a_handoff_without_quotes_is_understood() -> None:
    (layer,) = schedule(layers=[{"start": "2026-01-05", "people": ["a"], "handoff": 600}]).layers
    assert layer.handoff == "10:00"
