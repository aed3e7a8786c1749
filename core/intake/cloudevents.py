"""CloudEvents 1.0 over HTTP: POST /hooks/cloudevents/{name}.

Source: github.com/cloudevents/spec, spec.md, formats/json-format.md and
bindings/http-protocol-binding.md (1.0.2). Structured, batched and binary content modes. Alerts
are told apart by source, type and subject unless the data carries a dedup_key. A status of
resolved stands in the data or in an extension; nothing in the standard says it.
"""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from core.decide.fingerprint import fingerprint
from core.errors import InvalidInput
from core.intake.guess import Guessed, guess
from core.intake.normalise import MAX_BODY, MOMENTARY, Unusable, as_object, load, past, sort_out
from core.intake.parsed import Parsed
from core.intake.reading import filled, moment_at, text_at
from core.intake.request import HookRequest
from core.intake.status_words import status_of
from core.model.event import Event
from core.rule.shorten import shorten

_BATCH = "application/cloudevents-batch"
_STRUCTURED = "application/cloudevents"
_REQUIRED = ("specversion", "id", "source", "type")
_KNOWN = {*_REQUIRED, "subject", "time", "datacontenttype", "dataschema", "data", "data_base64"}
_MEANT = {"severity", "status"}  # extensions that are not only labels
VERSION = "1.0"
_NOTHING = Guessed({}, {}, "", "firing", "", None, None, {}, momentary=True)


def parse(request: HookRequest, source: str, now: datetime) -> Parsed:
    """The events of one request, in any content mode."""
    entries = [("", _binary(request))] if _is_binary(request) else _structured(request)
    return sort_out(entries, lambda value, path: _event(value, path, source, now))


def _is_binary(request: HookRequest) -> bool:
    kind = request.content_type
    if kind.startswith(_STRUCTURED) and not request.entry:
        if not kind.endswith("+json"):
            raise InvalidInput(f"the event format {kind} is not understood; send it as JSON")
        return False
    return "ce-specversion" in request.headers


def _structured(request: HookRequest) -> list[tuple[str, Any]]:
    body = load(request.body)
    if isinstance(body, list):
        return [(f"[{i}]", one) for i, one in enumerate(body)]
    if request.content_type.startswith(_BATCH) and not request.entry:
        raise InvalidInput("a batch must be a list of events")
    return [("", body)]


def _binary(request: HookRequest) -> dict[str, Any]:
    """The attributes in `ce-*` headers, percent-encoded, and the data in the body.

    A rejected event that comes again was kept in its structured form.
    """
    if request.entry:
        return as_object(load(request.body), "body")
    found: dict[str, Any] = {
        name[3:]: unquote(value.strip().strip('"'))
        for name, value in request.headers.items()
        if name.startswith("ce-")
    }
    kind = request.content_type
    found["datacontenttype"] = kind
    if kind.endswith("json"):
        found["data"] = load(request.body) if request.body.strip() else None
    elif kind.startswith("text/"):
        found["data"] = request.body.decode("utf-8", "replace")
    elif request.body:
        found["data_base64"] = base64.b64encode(request.body).decode()
    return found


def _event(value: Any, path: str, source: str, now: datetime) -> Event:
    given = as_object(value, path)
    at = f"{path}." if path else ""
    for name in _REQUIRED:
        if not text_at(given, name):
            raise Unusable("missing", f"{at}{name}", "is required")
    if text_at(given, "specversion") != VERSION:
        raise Unusable("bad_value", f"{at}specversion", f"must be {VERSION}")
    data = _data(given)
    told = _told(data)
    extensions = {k: text_at(given, k) for k in given if k not in _KNOWN}
    kind, subject = text_at(given, "type"), text_at(given, "subject")
    sender = text_at(given, "source")
    labels = {
        "alertname": told.labels.get("alertname") or kind,
        "type": kind,
        "subject": subject,
        **{k: v for k, v in extensions.items() if k not in _MEANT},
        **told.labels,
        "source": sender,
    }
    text = shorten(data.strip(), MAX_BODY) if isinstance(data, str) else ""
    key = told.dedup_key
    when = past(moment_at(given, "time"), now)
    word = status_of(extensions.get("status", ""))
    status = word or told.status
    ends = now + MOMENTARY if told.momentary and word is None else None
    if status == "resolved":
        ends = past(told.ends_at, now) or when or now
    return Event(
        source,
        when or now,
        filled(labels),
        told.annotations,
        extensions.get("severity") or told.severity,
        status,
        text,
        key,
        "" if key else fingerprint("cloudevent", sender, kind, subject),
        past(told.starts_at, now) or (when if status == "firing" else None),
        ends,
        told.links,
    )


def _told(data: Any) -> Guessed:
    """What the data says of the alert. Where that is nothing, the event's type still names it."""
    try:
        return guess(as_object(data, "data"), "data")
    except Unusable:
        return _NOTHING


def _data(given: dict[str, Any]) -> Any:
    """The data: JSON, a text, or bytes that are one of the two by their content type."""
    encoded = given.get("data_base64")
    if not isinstance(encoded, str):
        return given.get("data")
    try:
        raw = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise Unusable("bad_value", "data_base64", "is not base64") from None
    kind = text_at(given, "datacontenttype").partition(";")[0].strip().lower()
    if kind.endswith("json"):
        try:
            return load(raw)
        except InvalidInput as error:
            raise Unusable("bad_value", "data_base64", str(error)) from None
    return raw.decode("utf-8", "replace") if kind.startswith("text/") else None
