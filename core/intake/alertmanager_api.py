"""Alertmanager's API v2: POST /api/v2/alerts, what Prometheus and amtool send.

Source: Alertmanager's api/v2/openapi.yaml (postableAlerts) and `types.Alert.Validate`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from core.clock import to_utc
from core.errors import InvalidInput
from core.intake.normalise import (
    MAX_NOTE,
    MAX_VALUE,
    Labels,
    Notes,
    Unusable,
    as_labels,
    as_moment,
    as_object,
    as_text,
    fit,
    load,
    sort_out,
)
from core.intake.parsed import Parsed
from core.model.event import Event

_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*", re.ASCII)
_ZERO = datetime(1, 1, 2, tzinfo=UTC)  # Go's zero time, in any zone, lies before; it says nothing
_KNOWN_NAMES = 10_000


class _Alert(msgspec.Struct):
    labels: Labels
    annotations: Notes = {}
    starts_at: datetime | None = msgspec.field(default=None, name="startsAt")
    ends_at: datetime | None = msgspec.field(default=None, name="endsAt")
    generator: str = msgspec.field(default="", name="generatorURL")


_DECODER = msgspec.json.Decoder(list[_Alert])
_known: set[str] = set()  # names that were found to be good: nearly all come again


def parse(body: bytes, source: str, now: datetime, timeout: timedelta) -> Parsed:
    """The alerts of one call; an alert that Alertmanager would refuse is rejected.

    timeout: the settings' resolve_timeout, after which an alert without an end is over.
    Raises InvalidInput when the body as a whole cannot be used. About 3 µs an alert.
    """
    over = now + timeout
    try:
        alerts = _DECODER.decode(body)
    except (ValueError, RecursionError):  # msgspec's errors are ValueErrors
        return _leniently(load(body), source, now, over)
    try:
        return Parsed(fit([_event(alert, source, now, over, "") for alert in alerts]), [])
    except Unusable:
        return _leniently(load(body), source, now, over)


def _event(alert: _Alert, source: str, now: datetime, over: datetime, path: str) -> Event:
    """Empty labels go; what is left out of the two times is as in Alertmanager."""
    labels, notes = alert.labels, alert.annotations
    if not (_known.issuperset(labels) and _known.issuperset(notes)):
        _check_names(labels, f"{path}labels")
        _check_names(notes, f"{path}annotations")
    if "" in labels.values():
        labels = {name: value for name, value in labels.items() if value}
    if not labels:
        raise Unusable("missing", f"{path}labels", "at least one label pair required")
    ends = _given(alert.ends_at)
    starts = _given(alert.starts_at) or ends or now
    if starts > (ends or over):
        raise Unusable("bad_value", f"{path}startsAt", "start time must be before end time")
    link = alert.generator
    return Event(
        source,
        now,
        labels,
        notes,
        "",
        "firing",
        "",
        "",
        "",
        starts,
        ends,
        {"generator": link} if link.startswith(("http://", "https://")) else {},
    )


def _given(moment: datetime | None) -> datetime | None:
    if moment is None:
        return None
    if moment.tzinfo is not UTC:
        if moment.year <= 1 or moment.year == 9999:  # a zone could lead out of the calendar
            moment = moment.replace(tzinfo=UTC)
        moment = to_utc(moment)
    return moment if moment > _ZERO else None


def _check_names(texts: dict[str, str], path: str) -> None:
    for name in texts:
        if not _NAME.fullmatch(name):
            raise Unusable("bad_value", path, f"invalid name {name[:100]!a}")
    if len(_known) < _KNOWN_NAMES:
        _known.update(texts)


def _leniently(value: Any, source: str, now: datetime, over: datetime) -> Parsed:
    if value is None:
        return Parsed([], [])
    if not isinstance(value, list):
        raise InvalidInput("the body must be a list of alerts")
    paths = ((f"alerts[{i}]", entry) for i, entry in enumerate(value))
    return sort_out(
        paths, lambda entry, path: _event(_alert(entry, path), source, now, over, f"{path}.")
    )


def _alert(value: Any, path: str) -> _Alert:
    given = as_object(value, path)
    if given.get("labels") is None:
        raise Unusable("missing", f"{path}.labels", "is required")
    link = given.get("generatorURL")
    return _Alert(
        as_labels(given["labels"], f"{path}.labels"),
        as_labels(given.get("annotations") or {}, f"{path}.annotations", MAX_NOTE),
        as_moment(given.get("startsAt"), f"{path}.startsAt"),
        as_moment(given.get("endsAt"), f"{path}.endsAt"),
        as_text(link, "", MAX_VALUE) if isinstance(link, str) else "",
    )
