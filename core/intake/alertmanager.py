"""Alertmanager's webhook, version 4: POST /hooks/alertmanager/{name}.

Source: prometheus.io/docs/alerting/latest/configuration, "webhook_config".
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import msgspec

from core.errors import InvalidInput
from core.intake.normalise import (
    MAX_NOTE,
    MAX_WORD,
    Labels,
    Notes,
    Unusable,
    Word,
    as_labels,
    as_moment,
    as_object,
    as_text,
    fit,
    load,
    past,
    sort_out,
    web_links,
)
from core.intake.parsed import Parsed
from core.model.event import Event


class Alert(msgspec.Struct):
    """One alert of a message."""

    labels: Labels
    status: Literal["firing", "resolved"]
    annotations: Notes = {}
    starts_at: datetime | None = msgspec.field(default=None, name="startsAt")
    ends_at: datetime | None = msgspec.field(default=None, name="endsAt")
    generator: str = msgspec.field(default="", name="generatorURL")
    fingerprint: Word = ""


class Message(msgspec.Struct):
    """Several alerts, and what they have in common."""

    alerts: list[Alert]
    common: Labels = msgspec.field(default_factory=dict, name="commonLabels")
    alertmanager: str = msgspec.field(default="", name="externalURL")
    truncated: int = msgspec.field(default=0, name="truncatedAlerts")


_DECODER = msgspec.json.Decoder(Message)


def parse(body: bytes, source: str, now: datetime) -> Parsed:
    """The alerts of one webhook call.

    Raises InvalidInput when the body as a whole cannot be used. About 5 µs an alert.
    """
    try:
        message = _DECODER.decode(body)
    except (ValueError, RecursionError):  # msgspec's errors are ValueErrors
        return _leniently(load(body), source, now)
    if not all(alert.labels or message.common for alert in message.alerts):
        return _leniently(load(body), source, now)
    return Parsed(fit([event_of(a, message, source, now) for a in message.alerts]), [])


def event_of(alert: Alert, message: Message, source: str, now: datetime) -> Event:
    """Alertmanager's own fingerprint is taken: it tells alerts apart that differ in severity
    alone, which inhibition needs. A firing alert's endsAt is no promise, and left out."""
    ended = past(alert.ends_at, now) if alert.status == "resolved" else None
    notes = alert.annotations
    if message.truncated > 0:  # Alertmanager left out as many alerts of this group
        notes = {**notes, "truncated_alerts": str(message.truncated)}
    return Event(
        source,
        ended or now,
        {**message.common, **alert.labels},
        notes,
        "",
        alert.status,
        "",
        "",
        alert.fingerprint if alert.fingerprint.isalnum() else "",
        past(alert.starts_at, now),
        ended,
        web_links(generator=alert.generator, alertmanager=message.alertmanager),
    )


def _leniently(value: Any, source: str, now: datetime) -> Parsed:
    message = message_of(value)
    return sort_out(
        ((f"alerts[{i}]", alert) for i, alert in enumerate(value["alerts"])),
        lambda alert, path: event_of(alert_of(alert, path, value, message), message, source, now),
    )


def message_of(value: Any) -> Message:
    """What stands around the alerts. InvalidInput when there is no list of alerts."""
    if not isinstance(value, dict) or not isinstance(value.get("alerts"), list):
        raise InvalidInput("the body must be an object with a list alerts")
    truncated = value.get("truncatedAlerts")
    address = value.get("externalURL")
    return Message(
        [],
        _common(value.get("commonLabels")),
        address if isinstance(address, str) else "",
        truncated if isinstance(truncated, int) else 0,
    )


def alert_of(value: Any, path: str, whole: dict[str, Any], message: Message) -> Alert:
    """One alert of any quality; Unusable when nothing tells what it is about."""
    given = as_object(value, path)
    labels = as_labels(given.get("labels") or {}, f"{path}.labels")
    if not labels and not message.common:
        raise Unusable("missing", f"{path}.labels", "is required")
    status: Any = given.get("status") or whole.get("status") or "firing"
    if status not in ("firing", "resolved"):
        raise Unusable("bad_value", f"{path}.status", "must be firing or resolved")
    address = given.get("generatorURL")
    return Alert(
        labels,
        status,
        as_labels(given.get("annotations") or {}, f"{path}.annotations", MAX_NOTE),
        _moment(given.get("startsAt")),
        _moment(given.get("endsAt")),
        address if isinstance(address, str) else "",
        as_text(given.get("fingerprint"), f"{path}.fingerprint", MAX_WORD),
    )


def _common(value: Any) -> dict[str, str]:
    """They stand on every alert as well, so nothing is lost when they cannot be used."""
    try:
        return as_labels(value or {}, "commonLabels")
    except Unusable:
        return {}


def _moment(value: Any) -> datetime | None:
    """An alert matters more than its times."""
    try:
        return as_moment(value, "")
    except Unusable:
        return None
