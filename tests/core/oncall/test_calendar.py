"""iCalendar: real shapes become shifts, hostile ones are refused in bounded time."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.config.settings import Person
from core.errors import InvalidInput
from core.oncall.calendar import Imported, parse_calendar

NOW = datetime(2026, 11, 24, tzinfo=UTC)
PEOPLE = [
    Person(name="li.wei", email="li.wei@example.com"),
    Person(name="王芳", mobile="13800001111"),
]


def calendar(*events: str) -> bytes:
    """A calendar of events whose lines are separated by `|`."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test//EN"]
    for event in events:
        lines += ["BEGIN:VEVENT", *event.split("|"), "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()


def read(raw: bytes) -> Imported:
    return parse_calendar(raw, "team.ics", PEOPLE, ZoneInfo("Asia/Shanghai"), NOW)


def test_a_weekly_shift_stays_at_nine_in_its_own_zone_when_clocks_change() -> None:
    found = read(
        calendar(
            "UID:1|DTSTART;TZID=Europe/Berlin:20260302T090000"
            "|DTEND;TZID=Europe/Berlin:20260309T090000|RRULE:FREQ=WEEKLY;INTERVAL=2"
            "|ATTENDEE;CN=Li:mailto:LI.WEI@example.com|SUMMARY:On call - primary"
        )
    )
    assert found.unknown == ()
    assert {span.person for span in found.spans} == {"li.wei"}
    # The shift over the autumn change is an hour longer, and begins at nine all the same.
    hours = {(s.ends_at - s.starts_at).total_seconds() / 3600 for s in found.spans}
    assert hours == {168, 169}
    assert {s.starts_at.hour for s in found.spans} == {7, 8}


@pytest.mark.parametrize(
    ("summary", "person", "unknown"),
    [
        ("li.wei", "li.wei", ()),
        ("LI.WEI", "li.wei", ()),
        ("值班 王芳 一线", "王芳", ()),
        ("13800001111 on call", "王芳", ()),
        ("On call: li.wei (primary)", "li.wei", ()),
        ("li.weiss", "li.weiss", ("li.weiss",)),
    ],
)
def test_a_person_is_found_by_what_the_summary_says(
    summary: str, person: str, unknown: tuple[str, ...]
) -> None:
    found = read(
        calendar(f"UID:1|DTSTART;VALUE=DATE:20261124|DTEND;VALUE=DATE:20261125|SUMMARY:{summary}")
    )
    (span,) = found.spans
    assert (span.person, found.unknown) == (person, unknown)
    # A whole day is one of the schedule's own zone.
    assert span.starts_at == datetime(2026, 11, 23, 16, tzinfo=UTC)


def test_a_changed_occurrence_replaces_the_one_of_the_rule() -> None:
    found = read(
        calendar(
            "UID:1|DTSTART:20261124T000000Z|DTEND:20261124T120000Z|RRULE:FREQ=DAILY;COUNT=2"
            "|SUMMARY:li.wei",
            "UID:1|RECURRENCE-ID:20261125T000000Z|DTSTART:20261125T000000Z|DTEND:20261125T120000Z"
            "|SUMMARY:王芳",
        )
    )
    assert [span.person for span in found.spans] == ["li.wei", "王芳"]


def test_what_was_canceled_or_ends_before_it_begins_is_nobodys() -> None:
    event = "DTSTART:20261124T090000Z|DTEND:20261125T090000Z|SUMMARY:li.wei|STATUS:CANCELLED"
    assert read(calendar(f"UID:1|{event}")).spans == ()


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"x" * (2 * 1024 * 1024 + 1), "larger than"),
        (b"\xff\xfe", "not UTF-8"),
        (b"", "not a calendar"),
        (b"hello", "not a calendar"),
        (b"BEGIN:VCALENDAR", "not a calendar"),
        (calendar("UID:1|DTSTART:garbage|SUMMARY:li.wei"), "cannot be used"),
        (calendar("UID:1|DTSTART:00010101T000000Z|RRULE:FREQ=DAILY|SUMMARY:x"), "cannot be used"),
        (calendar("UID:1|SUMMARY:li.wei"), "not a calendar"),
        (calendar("UID:1|DTSTART:20260101T000000Z|RRULE:FREQ=SECONDLY|SUMMARY:x"), "the rule"),
        (calendar("UID:1|DTSTART:20260101T000000Z|RRULE:FREQ=HOURLY|SUMMARY:x"), "the rule"),
        (
            calendar("UID:1|DTSTART:20260101T000000Z|RRULE:FREQ=DAI\r\n LY;INTERVAL=0|SUMMARY:x"),
            "the rule",
        ),
        (
            calendar("UID:1|DTSTART:20260101T000000Z|RRULE:FREQ=DAILY;BYMINUTE=0,1,2,3|SUMMARY:x"),
            "the rule",
        ),
        (calendar(*["UID:1|SUMMARY:x"] * 2001), "more than 2000 events"),
        (
            calendar(
                *[
                    f"UID:{i}|DTSTART:20260101T000000Z|DURATION:P1D|RRULE:FREQ=DAILY|SUMMARY:x"
                    for i in range(20)
                ]
            ),
            "more than 5000 shifts",
        ),
    ],
)
def test_what_is_hostile_or_broken_is_refused(raw: bytes, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        read(raw)


@given(
    st.lists(
        st.sampled_from(
            [
                "UID:1",
                "DTSTART:20261124T090000Z",
                "DTSTART;TZID=Nowhere/Land:20261124T090000",
                "DTEND:20261123T090000Z",
                "DURATION:-P1D",
                "DURATION:P999999999D",
                "RRULE:FREQ=YEARLY;BYDAY=99MO",
                "RRULE:",
                "EXDATE:nothing",
                "RDATE;VALUE=PERIOD:20261124T000000Z/PT1H",
                "ATTENDEE:",
                "SUMMARY:li.wei",
                "STATUS:\x00",
                "BEGIN:VALARM",
            ]
        ),
        max_size=6,
    )
)
def test_any_mixture_is_read_or_refused(lines: list[str]) -> None:
    try:
        read(calendar("|".join(lines)))
    except InvalidInput:
        return
