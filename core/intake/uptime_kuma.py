"""Uptime Kuma's webhook, as JSON or form-data: POST /hooks/uptime-kuma/{name}.

`{heartbeat, monitor, msg}`. A test, and a certificate that will expire, come with both null.
Source: github.com/louislam/uptime-kuma, server/notification-providers/webhook.js.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from email import message_from_bytes
from email.message import Message
from typing import Any

from core.decide.fingerprint import fingerprint
from core.errors import InvalidInput
from core.intake.given import Given, in_words, labels_of, notes_of
from core.intake.normalise import (
    MAX_NOTE,
    MAX_WORD,
    MOMENTARY,
    Unusable,
    as_object,
    load,
    past,
    sort_out,
    web_links,
)
from core.intake.parsed import Parsed
from core.intake.request import FORM, HookRequest
from core.model.event import Event

MULTIPART = "multipart/form-data"
_DOWN, _UP, _PENDING, _MAINTENANCE = "0", "1", "2", "3"
# `[name][https://…] Server certificate … will expire in 7 days`
_CERTIFICATE = re.compile(r"\[(?P<name>[^]]+)\]\[(?P<url>[^]]*)\] .*certificate", re.IGNORECASE)
_NAMELESS = "UptimeKuma"


def read(request: HookRequest, source: str, now: datetime) -> Parsed:
    """The one message of a request. InvalidInput when it cannot be read."""
    if request.entry:
        return parse(request.body, source, now)
    if request.content_type == MULTIPART:
        return parse(_part(request), source, now)
    if request.content_type == FORM:
        return parse(request.form().get("data", "").encode("utf-8", "replace"), source, now)
    return parse(request.body, source, now)


def parse(body: bytes, source: str, now: datetime) -> Parsed:
    """The one message of a JSON body. InvalidInput when it is not JSON."""
    value = load(body)
    if _status(value) == _PENDING:  # it is tried again before anything is said
        return Parsed([], [])
    return sort_out([("body", value)], lambda v, path: _event(v, path, source, now))


def _event(value: Any, path: str, source: str, now: datetime) -> Event:
    given = Given(as_object(value, path))
    status, said = _status(value), given.text("msg", limit=MAX_NOTE)
    if not status:
        return _message(said, path, source, now)
    if status not in (_DOWN, _UP, _MAINTENANCE):
        raise Unusable("bad_value", f"{path}.heartbeat.status", "must be 0 (down) to 3")
    heartbeat, monitor = given.under("heartbeat"), given.under("monitor")
    number = heartbeat.text("monitorID") or monitor.text("id")
    name = monitor.text("name", "pathName", limit=MAX_WORD) or _in_brackets(said) or number
    if not name:
        raise Unusable("missing", f"{path}.monitor.name", "is required")
    at = past(heartbeat.moment("time"), now)  # in UTC, without saying so
    what = heartbeat.text("msg", limit=MAX_NOTE) or said
    firing = status == _DOWN
    tags = dict(_tags(monitor))
    return Event(
        source=source,
        occurred_at=now if firing else at or now,
        labels=labels_of(
            {
                "alertname": name,
                "instance": _target(monitor),
                "severity": tags.pop("severity", "critical"),
                "type": monitor.text("type"),
                "group": monitor.text("pathName").removesuffix(name).rstrip(" /"),
            },
            iter(tags.items()),
        ),
        annotations=notes_of(
            summary=in_words(f"{name}:", what),
            description=monitor.text("description", limit=MAX_NOTE),
        ),
        status="firing" if firing else "resolved",
        fingerprint=fingerprint("uptime-kuma", source, number or name),
        starts_at=at if firing else None,
        ends_at=None if firing else at,
        links=web_links(monitor=monitor.text("url")),
    )


def _message(said: str, path: str, source: str, now: datetime) -> Event:
    """What is not about a heartbeat, and has no end."""
    if not said:
        raise Unusable("missing", f"{path}.heartbeat", "is required, or a msg")
    about = _CERTIFICATE.match(said)
    name = about["name"] if about else _NAMELESS
    return Event(
        source=source,
        occurred_at=now,
        labels=labels_of(
            {
                "alertname": "CertificateExpiry" if about else _NAMELESS,
                "monitor": about["name"] if about else "",
                "severity": "warning" if about else "info",
            }
        ),
        annotations=notes_of(summary=said),
        fingerprint=fingerprint("uptime-kuma", source, "message", name),
        ends_at=now + MOMENTARY,
        links=web_links(monitor=about["url"]) if about else {},
    )


def _status(value: Any) -> str:
    heartbeat = Given(value).under("heartbeat")
    return {"down": _DOWN, "up": _UP}.get(word := heartbeat.text("status").lower(), word)


def _in_brackets(said: str) -> str:
    """The monitor's name in `[name] [🔴 Down] …`."""
    return said[1 : said.index("]")][:MAX_WORD] if said.startswith("[") and "]" in said else ""


def _target(monitor: Given) -> str:
    host, port = monitor.text("hostname"), monitor.text("port")
    if host:
        return f"{host}:{port}" if port else host
    # A new monitor that is no web page carries this.
    return monitor.text("url").removesuffix("https://")


def _tags(monitor: Given) -> Iterator[tuple[str, str]]:
    return ((one.text("name"), one.text("value") or "true") for one in monitor.entries("tags"))


def _part(request: HookRequest) -> bytes:
    """The part `data` of a multipart body (RFC 7578)."""
    head = request.headers.get("content-type", "").encode("latin-1", "replace")
    head = head.replace(b"\r", b" ").replace(b"\n", b" ")
    whole: Message = message_from_bytes(b"Content-Type: " + head + b"\r\n\r\n" + request.body)
    for part in whole.get_payload() if whole.is_multipart() else ():
        if isinstance(part, Message) and _named(part) == "data":
            body = part.get_payload(decode=True)
            if isinstance(body, bytes):
                return body
    raise InvalidInput("the form has no part data")


def _named(part: Message) -> str:
    return str(part.get_param("name", "", "content-disposition"))
