"""What all adapters share: entries of any quality in, events that are fit to be kept out.

An adapter has two ways. The fast one decodes a whole body strictly into structs. Where that
fails, `load` reads the body as tolerantly as JSON allows and `sort_out` takes entry by entry,
so that one bad entry costs the others nothing. Both end in `fit`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import msgspec

from core.clock import to_utc
from core.decide.fingerprint import fingerprint
from core.errors import InvalidInput
from core.intake.parsed import Parsed, Rejected
from core.model.event import Event
from core.redact import redact, redact_labels, suspicious
from core.rule.shorten import shorten

# In characters.
MAX_NAME = 128
MAX_VALUE = 4096
MAX_NOTE = 16384
MAX_BODY = 65536
MAX_WORD = 512
MAX_LABELS = 64
MAX_REJECTED = 100
MOMENTARY = timedelta(hours=1)  # what only happens, with no end to be told, is over after this long
_YEARS = range(2000, 2200)
_UNITS = (1, 1_000, 1_000_000, 1_000_000_000)  # of a Unix time, in a second
_SECONDS = 100_000_000_000  # a Unix time in seconds is smaller until the year 5138

Word = Annotated[str, msgspec.Meta(max_length=MAX_WORD)]
Body = Annotated[str, msgspec.Meta(max_length=MAX_BODY)]
_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_NAME)]
Labels = Annotated[
    dict[_Name, Annotated[str, msgspec.Meta(max_length=MAX_VALUE)]],
    msgspec.Meta(max_length=MAX_LABELS),
]
Notes = Annotated[
    dict[_Name, Annotated[str, msgspec.Meta(max_length=MAX_NOTE)]],
    msgspec.Meta(max_length=MAX_LABELS),
]


class Unusable(InvalidInput):
    """One entry cannot be used. `path` leads to what is wrong with it."""

    def __init__(self, reason: str, path: str, message: str) -> None:
        super().__init__(f"{path}: {message}")
        self.reason = reason


def load(body: bytes) -> Any:
    """A body as Python values; broken UTF-8 is replaced, NaN is a text. InvalidInput otherwise."""
    text = body.decode("utf-8-sig", "replace")
    try:
        return json.loads(text, parse_constant=str, parse_int=_integer)
    except RecursionError:
        raise InvalidInput("the body is nested too deeply") from None
    except ValueError as error:
        raise InvalidInput(f"the body is not JSON: {error}") from None


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) <= 20 else digits


def as_object(value: Any, path: str) -> dict[str, Any]:
    """A JSON object, else Unusable."""
    if not isinstance(value, dict):
        raise Unusable("bad_type", path, f"must be an object, not {_kind(value)}")
    return value


def as_text(value: Any, path: str, limit: int) -> str:
    """A text of at most `limit` characters; numbers and truth values become text, null is empty."""
    if isinstance(value, str):
        return shorten(value, limit)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    raise Unusable("bad_type", path, f"must be a text, not {_kind(value)}")


def as_labels(value: Any, path: str, limit: int = MAX_VALUE) -> dict[str, str]:
    """Names with texts. A null is left out; too many, or an impossible name, is Unusable."""
    given = as_object(value, path)
    if len(given) > MAX_LABELS:
        raise Unusable("too_large", path, f"has {len(given)} names, {MAX_LABELS} are allowed")
    for name in given:
        if not 0 < len(name) <= MAX_NAME:
            raise Unusable(
                "bad_value", path, f"a name has {len(name)} characters, 1 to {MAX_NAME} are allowed"
            )
    return {k: as_text(v, f"{path}.{k}", limit) for k, v in given.items() if v is not None}


def as_moment(value: Any, path: str) -> datetime | None:
    """RFC 3339, with a zone or in UTC; or a Unix time in s, ms, µs or ns. None when absent."""
    if value is None or value == "":
        return None
    try:
        if isinstance(value, bool):
            raise TypeError
        if isinstance(value, str):
            try:
                value = float(value)
            except ValueError:
                return datetime.fromisoformat(value)
        for unit in _UNITS:
            if abs(value) < _SECONDS * unit:
                return datetime.fromtimestamp(value / unit, UTC)
        raise ValueError
    except (TypeError, ValueError, OverflowError, OSError):
        shown = shorten(str(value), 60)
        raise Unusable("bad_value", path, f"{shown!r} is not a time such as RFC 3339") from None


def past(given: datetime | None, now: datetime) -> datetime | None:
    """When something happened, in UTC: never in the future. Absurd years count as not given."""
    moment = sane(given)
    return min(moment, now) if moment is not None else None


def sane(given: datetime | None) -> datetime | None:
    """A moment in UTC; a year that nobody means (Go's zero time is in year 1) is None."""
    return to_utc(given) if given is not None and given.year in _YEARS else None


def web_links(**addresses: str) -> dict[str, str]:
    """Those that a browser may be sent to."""
    return {
        name: address
        for name, address in addresses.items()
        if address.startswith(("http://", "https://")) and len(address) <= MAX_VALUE
    }


def sort_out(
    entries: Iterable[tuple[str, Any]], read: Callable[[Any, str], Event | None]
) -> Parsed:
    """Read each (path, entry). The Unusable are rejected, the first MAX_REJECTED one by one.

    read gives None for an entry that is well but tells of no alert.
    """
    events: list[Event] = []
    rejected: list[Rejected] = []
    more = 0
    for path, entry in entries:
        try:
            event = read(entry, path)
            if event is not None:
                events.append(event)
        except Unusable as error:
            if len(rejected) < MAX_REJECTED:
                rejected.append(Rejected(error.reason, clean(str(error)), payload_of(entry)))
            else:
                more += 1
    if more:
        rejected.append(Rejected("too_large", f"{more} more entries cannot be used", ""))
    return Parsed(fit(events), rejected)


def payload_of(value: Any) -> str:
    """An entry, or a whole body in bytes, as text that may be kept."""
    try:
        text = (
            value.decode("utf-8", "replace")
            if isinstance(value, bytes)
            else json.dumps(value, ensure_ascii=False)
        )
    except RecursionError:
        return ""
    return clean(shorten(text, MAX_BODY))


def fit(events: list[Event]) -> list[Event]:
    """The events with secrets masked and without what no database takes (NUL, lone surrogates)."""
    if _is_fit(events):
        return events
    return [event if _is_fit([event]) else _cleaned(event) for event in events]


def _is_fit(events: list[Event]) -> bool:
    """One look at all texts together, since nearly all are fine."""
    texts: list[str] = []
    for event in events:
        texts += event.labels
        texts += event.labels.values()
        texts += event.annotations
        texts += event.annotations.values()
        texts += event.links.values()
        texts += (event.body, event.dedup_key, event.severity, event.fingerprint)
    try:
        raw = "\n".join(texts).encode()
    except UnicodeEncodeError:
        return False
    return b"\0" not in raw and not suspicious(raw)


def _storable(text: str) -> str:
    if "\0" in text:
        text = text.replace("\0", "\ufffd")
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def clean(text: str) -> str:
    """One text that may be kept."""
    return redact(_storable(text))


def key_of(text: str) -> str:
    """A sender's key for an alert, or its digest when it is long: cutting could make two one."""
    return text if len(text) <= MAX_WORD else fingerprint("dedup_key", text)


def _cleaned(event: Event) -> Event:
    key = event.dedup_key
    return msgspec.structs.replace(
        event,
        labels=clean_all(event.labels),
        annotations=clean_all(event.annotations),
        severity=clean(event.severity),
        body=clean(event.body),
        # Masking could make two keys one; a digest keeps them apart without the secret.
        dedup_key=key if clean(key) == key else fingerprint("dedup_key", key),
        fingerprint=clean(event.fingerprint),
        links=clean_all(event.links),
    )


def clean_all(texts: dict[str, str]) -> dict[str, str]:
    """Texts that may be kept; what a name says is secret is masked whole."""
    return redact_labels({_storable(name): _storable(text) for name, text in texts.items()})


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", bool: "a truth value", type(None): "null"}
    return names.get(type(value), "a number" if isinstance(value, int | float) else "a text")
