"""tocsin's own events: POST /api/v1/events, one object or a batch."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal

import msgspec

from core.errors import InvalidInput
from core.intake.normalise import (
    MAX_BODY,
    MAX_NOTE,
    MAX_WORD,
    Body,
    Labels,
    Notes,
    Unusable,
    Word,
    as_labels,
    as_moment,
    as_object,
    as_text,
    fit,
    key_of,
    load,
    past,
    sort_out,
)
from core.intake.parsed import Parsed
from core.model.event import Event


class _Entry(msgspec.Struct):
    labels: Labels
    annotations: Notes = {}
    severity: Word = ""
    status: Literal["firing", "resolved"] = "firing"
    occurred_at: datetime | None = None
    body: Body = ""
    dedup_key: Word = ""


class _Batch(msgspec.Struct):
    events: list[_Entry]


_ONE = msgspec.json.Decoder(_Entry)
_LIST = msgspec.json.Decoder(list[_Entry])
_BATCH = msgspec.json.Decoder(_Batch)


def parse(body: bytes, source: str, now: datetime) -> Parsed:
    """The events of one object, of `{"events": [...]}`, or of a bare list.

    Raises InvalidInput when the body as a whole cannot be used. About 3 µs an event.
    """
    entries = _strictly(body)
    if entries is None:
        return sort_out(
            _paths(load(body)), lambda value, path: _event(_entry(value, path), source, now)
        )
    return Parsed(fit([_event(entry, source, now) for entry in entries]), [])


def _event(entry: _Entry, source: str, now: datetime) -> Event:
    return Event(
        source,
        past(entry.occurred_at, now) or now,
        entry.labels,
        entry.annotations,
        entry.severity,
        entry.status,
        entry.body,
        entry.dedup_key,
    )


def _strictly(body: bytes) -> list[_Entry] | None:
    """The entries when every one of them is exactly as documented."""
    try:
        entries = _LIST.decode(body) if body.lstrip()[:1] == b"[" else _of_object(body)
    except (ValueError, RecursionError):  # msgspec's errors are ValueErrors
        return None
    return entries if all(map(_says_something, entries)) else None


def _of_object(body: bytes) -> list[_Entry]:
    try:
        return _BATCH.decode(body).events
    except msgspec.ValidationError:
        return [_ONE.decode(body)]


def _says_something(entry: _Entry) -> bool:
    return bool(entry.labels or entry.annotations or entry.body or entry.dedup_key)


def _paths(value: Any) -> Iterator[tuple[str, Any]]:
    """Each entry with the path that leads to it."""
    if isinstance(value, dict) and "events" not in value:
        return iter([("", value)])
    name, entries = ("events", value["events"]) if isinstance(value, dict) else ("", value)
    if not isinstance(entries, list):
        raise InvalidInput('the body must be an event, a list of events, or {"events": [...]}')
    return ((f"{name}[{i}]", entry) for i, entry in enumerate(entries))


def _entry(value: Any, path: str) -> _Entry:
    given = as_object(value, path)
    at = f"{path}." if path else ""
    if given.get("labels") is None:
        raise Unusable("missing", f"{at}labels", "is required")
    status = as_text(given.get("status"), f"{at}status", MAX_WORD).strip().lower() or "firing"
    if status not in ("firing", "resolved"):
        raise Unusable("bad_value", f"{at}status", "must be firing or resolved")
    entry = _Entry(
        as_labels(given["labels"], f"{at}labels"),
        as_labels(given.get("annotations") or {}, f"{at}annotations", MAX_NOTE),
        as_text(given.get("severity"), f"{at}severity", MAX_WORD),
        status,  # type: ignore[arg-type]  # one of the two, as was just seen
        as_moment(given.get("occurred_at"), f"{at}occurred_at"),
        as_text(given.get("body"), f"{at}body", MAX_BODY),
        key_of(as_text(given.get("dedup_key"), f"{at}dedup_key", MAX_BODY)),
    )
    if not _says_something(entry):
        raise Unusable("missing", f"{at}labels", "is empty, and nothing else is said")
    return entry
