"""iCalendar (RFC 5545): events become spans of who is on call.

A calendar comes from outside and may be hostile: its size, its events, its rules and the time it
takes are bounded. Reading one takes up to seconds, so it is done in a thread.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import icalendar
import msgspec
import recurring_ical_events

from core.clock import to_utc
from core.errors import InvalidInput
from core.oncall.span import Span
from core.oncall.wall import instant

if TYPE_CHECKING:
    from core.config.settings import Person

MAX_BYTES = 2 * 1024 * 1024
MAX_EVENTS = 2000
MAX_SPANS = 5000
MAX_SECONDS = 5.0
BEHIND, AHEAD = timedelta(days=31), timedelta(days=366)
_NAME = 100
_RULES = frozenset({"DAILY", "WEEKLY", "MONTHLY", "YEARLY"})
_PROPERTY = re.compile(r"^(RRULE|EXRULE|DTSTART|RDATE)\b[^:]*:(.*)$", re.IGNORECASE | re.MULTILINE)


class Imported(msgspec.Struct, frozen=True):
    """spans: in order of time. unknown: whom the events name and `people` does not."""

    spans: tuple[Span, ...]
    unknown: tuple[str, ...]


def read_calendar(path: Path, people: Sequence[Person], tz: ZoneInfo, now: datetime) -> Imported:
    """Who is on call by a calendar's file, from BEHIND before `now` to AHEAD after it.

    tz: for events without a zone of their own. InvalidInput says why it cannot be used. It
    blocks: call it in a thread.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}") from error
    return parse_calendar(raw, path.name, people, tz, now)


def parse_calendar(
    raw: bytes, name: str, people: Sequence[Person], tz: ZoneInfo, now: datetime
) -> Imported:
    """The same of its bytes. name: what the calendar is called where it is shown."""
    if len(raw) > MAX_BYTES:
        raise InvalidInput(f"{name} is larger than {MAX_BYTES // 1024} KiB")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{name} is not UTF-8: {error.reason}") from error
    _check(text, name)
    try:
        calendar = icalendar.Calendar.from_ical(text)
        return _expand(calendar, name, people, tz, now)
    except InvalidInput:
        raise
    except Exception as error:
        # The two libraries raise whatever a broken value makes them raise.
        raise InvalidInput(f"{name} is not a calendar that can be read: {error!s:.200}") from error


def _check(text: str, name: str) -> None:
    """Refuse what would take for ever, before anything reads it."""
    unfolded = re.sub(r"\r?\n[ \t]", "", text).replace("\r\n", "\n")
    if unfolded.upper().count("BEGIN:VEVENT") > MAX_EVENTS:
        raise InvalidInput(f"{name} has more than {MAX_EVENTS} events")
    for found in _PROPERTY.finditer(unfolded):
        kind, value = found[1].upper(), found[2].strip().upper()
        if kind == "DTSTART":
            # Zones begin in 1601 or 1970; a rule that runs through centuries takes long.
            if not re.match(r"(16|19|20)\d\d", value):
                raise InvalidInput(f"{name}: DTSTART {value[:40]} cannot be used")
            continue
        if kind == "RDATE":
            continue
        parts = dict(part.partition("=")[::2] for part in value.split(";") if part)
        often = parts.get("FREQ", "") not in _RULES or parts.get("INTERVAL", "1").strip("0") == ""
        finer = any("," in parts.get(key, "") for key in ("BYSECOND", "BYMINUTE"))
        if often or finer or kind == "EXRULE":
            raise InvalidInput(
                f"{name}: the rule {value[:80]} is not served; shifts recur daily or less often"
            )


def _expand(
    calendar: Any, name: str, people: Sequence[Person], tz: ZoneInfo, now: datetime
) -> Imported:
    deadline = time.monotonic() + MAX_SECONDS
    groups: dict[str, list[Any]] = {}
    for event in calendar.walk("VEVENT"):
        groups.setdefault(str(event.get("UID", id(event))), []).append(event)
    directory = _directory(people)
    found: list[tuple[datetime, str, Span]] = []
    unknown: dict[str, None] = {}
    for uid, events in groups.items():
        if time.monotonic() > deadline:
            raise InvalidInput(f"{name}: its rules take longer than {MAX_SECONDS:.0f} s to follow")
        for event in _occurrences(events, now):
            person, known = _person(event, directory)
            if not person or str(event.get("STATUS", "")).upper() == "CANCELLED":
                continue
            if not known:
                unknown[person] = None
            starts_at, ends_at = _moment(event.start, tz), _moment(event.end, tz)
            if ends_at > starts_at:
                found.append((starts_at, uid, Span(person, starts_at, ends_at, name)))
        if len(found) > MAX_SPANS:
            raise InvalidInput(f"{name} gives more than {MAX_SPANS} shifts within a year")
    found.sort(key=lambda entry: entry[:2])  # of those that overlap, the one that began last
    return Imported(tuple(span for _at, _uid, span in found), tuple(unknown)[:50])


def _occurrences(events: list[Any], now: datetime) -> list[Any]:
    """The occurrences of one event with its exceptions around `now`."""
    alone = icalendar.Calendar()
    for event in events:
        for rule in _rules_of(event):
            until = rule.get("UNTIL", [None])[0]
            ends = now + AHEAD
            if "COUNT" not in rule and (until is None or _utc(until) > ends):
                floating = not isinstance(event.start, datetime)
                rule["UNTIL"] = [ends.date() if floating else ends.replace(microsecond=0)]
        alone.add_component(event)
    occurrences: list[Any] = recurring_ical_events.of(alone).between(now - BEHIND, now + AHEAD)
    return occurrences


def _rules_of(event: Any) -> list[Any]:
    rules = event.get("RRULE")
    return rules if isinstance(rules, list) else [rules] if rules is not None else []


def _utc(moment: Any) -> datetime:
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, time_of_day())
    return to_utc(moment)


def _moment(value: date | datetime, tz: ZoneInfo) -> datetime:
    """A day begins at its midnight; a time without a zone is on the schedule's wall clock."""
    if not isinstance(value, datetime):
        value = datetime.combine(value, time_of_day())
    return instant(value, tz) if value.tzinfo is None else value.astimezone(UTC)


def _directory(people: Sequence[Person]) -> dict[str, str]:
    """Name, e-mail address and mobile number → name in `people`."""
    found: dict[str, str] = {}
    for person in people:
        for key in (person.mobile, person.email, person.name):
            if key:
                found[key.casefold()] = person.name
    return found


def _person(event: Any, directory: Mapping[str, str]) -> tuple[str, bool]:
    """Whom an event is about, and whether `people` has them: by its attendees, else its summary."""
    attendees = event.get("ATTENDEE", [])
    for attendee in attendees if isinstance(attendees, list) else [attendees]:
        address = str(attendee).casefold().removeprefix("mailto:")
        common = str(attendee.params.get("CN", "")).casefold()
        for key in (address, common):
            if key in directory:
                return directory[key], True
    summary = " ".join(str(event.get("SUMMARY", "")).split())
    if summary.casefold() in directory:
        return directory[summary.casefold()], True
    for key in sorted(directory, key=len, reverse=True):
        if re.search(rf"(?<![\w.]){re.escape(key)}(?![\w.])", summary.casefold()):
            return directory[key], True
    return summary[:_NAME], False
