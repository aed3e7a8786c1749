"""What every list understands: `?limit=&cursor=` and the filters by name.

`status` and `severity` may be repeated or separated by commas; `label=app=shop` may be repeated;
`since` and `until` are RFC 3339, a date, or a span that ends now (`2h`).
"""

from __future__ import annotations

import re
from datetime import datetime

import msgspec
from aiohttp import web
from multidict import MultiMapping

from core.clock import to_utc
from core.config.units import parse_duration
from core.errors import InvalidInput, Problem
from core.store.queries import DEFAULT_LIMIT, MAX_LIMIT, Filter

SEVERITIES = ("critical", "warning", "info")
MAX_TEXT = 500
MAX_LABELS = 20
# In a query `+` stands for a blank, so an unescaped `…+08:00` arrives as `… 08:00`.
_LOST_PLUS = re.compile(r" (\d\d:?\d\d)$")


class Listing(msgspec.Struct, frozen=True):
    """Which filters a list takes; statuses and severities name the values that exist."""

    statuses: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()
    labels: bool = False


class Asked(msgspec.Struct, frozen=True):
    """One request for a page."""

    wanted: Filter
    limit: int
    cursor: str | None


def read_listing(request: web.Request, listing: Listing, now: datetime) -> Asked:
    """The filters of a request. InvalidInput (422) lists every one that cannot be used."""
    query = request.query
    wrong = [
        Problem(f"?{ascii(name[:50])[1:-1]}", "holds characters that are no text")
        for name, value in query.items()
        if not _keepable(name + value)
    ]
    if wrong:
        raise InvalidInput("a filter cannot be used", wrong)
    wanted = Filter(
        status=_words(query, "status", listing.statuses, wrong),
        severity=_words(query, "severity", listing.severities, wrong),
        since=_moment(query, "since", now, wrong),
        until=_moment(query, "until", now, wrong),
        q=_text(query, wrong),
        labels=_labels(query, wrong) if listing.labels else (),
    )
    limit = _limit(query, wrong)
    if wrong:
        raise InvalidInput("a filter cannot be used", wrong)
    return Asked(wanted, limit, query.get("cursor") or None)


def moment_of(request: web.Request, name: str) -> datetime | None:
    """The moment in `?name=`, None when it is not given. InvalidInput (422) when it is none."""
    text = request.query.get(name, "").strip()
    try:
        return to_utc(datetime.fromisoformat(_LOST_PLUS.sub(r"+\1", text))) if text else None
    except (ValueError, OverflowError) as error:
        wrong = [Problem(f"?{name}", "must be a moment such as 2026-01-05T09:00:00Z")]
        raise InvalidInput("a filter cannot be used", wrong) from error


def _keepable(text: str) -> bool:
    """No NUL, which no database keeps, and no half of a surrogate pair, which is no text."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def _words(
    query: MultiMapping[str], name: str, allowed: tuple[str, ...], wrong: list[Problem]
) -> tuple[str, ...]:
    if not allowed:
        return ()
    given = [w.strip() for v in query.getall(name, []) for w in v.split(",") if w.strip()]
    if any(w not in allowed for w in given):
        wrong.append(Problem(f"?{name}", f"must be one of {', '.join(allowed)}"))
    return tuple(given)


def _moment(
    query: MultiMapping[str], name: str, now: datetime, wrong: list[Problem]
) -> datetime | None:
    text = query.get(name, "").strip()
    if not text:
        return None
    try:
        return to_utc(datetime.fromisoformat(_LOST_PLUS.sub(r"+\1", text)))
    except (ValueError, OverflowError):
        pass
    try:
        return now - parse_duration(text)
    except (ValueError, OverflowError):
        example = "2026-01-05T09:00:00Z, 2026-01-05 or 2h"
        wrong.append(Problem(f"?{name}", f"must be a moment or a span such as {example}"))
        return None


def _text(query: MultiMapping[str], wrong: list[Problem]) -> str:
    text = query.get("q", "").strip()
    if len(text) > MAX_TEXT:
        wrong.append(Problem("?q", f"must be at most {MAX_TEXT} characters"))
    return text


def _labels(query: MultiMapping[str], wrong: list[Problem]) -> tuple[tuple[str, str], ...]:
    given = query.getall("label", [])
    pairs = [v.partition("=") for v in given]
    if len(given) > MAX_LABELS or any(not name or not equals for name, equals, _value in pairs):
        wrong.append(Problem("?label", f"must be name=value, at most {MAX_LABELS} times"))
    return tuple((name, value) for name, _equals, value in pairs)


def _limit(query: MultiMapping[str], wrong: list[Problem]) -> int:
    text = query.get("limit", "")
    if not text:
        return DEFAULT_LIMIT
    if text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= MAX_LIMIT:
        return int(text)
    wrong.append(Problem("?limit", f"must be a number from 1 to {MAX_LIMIT}"))
    return DEFAULT_LIMIT
