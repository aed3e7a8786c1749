"""A notification as chat shows it: markdown, in parts that a phone can read."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import msgspec

from bot.chat.channel import Outgoing
from bot.render.escape import plain
from bot.render.message import message
from bot.render.pack import pack
from bot.render.templates import fill
from core.model.alert import Alert
from core.text import say

_TITLE = 120
_PLACES = ("host", "instance", "hostname", "node", "pod", "app", "service", "job")


class Part(msgspec.Struct, frozen=True):
    """One message. title: plain text, all that a phone shows of it; text: markdown."""

    title: str
    text: str


def render(outgoing: Outgoing, language: str, base_url: str, tz: ZoneInfo) -> list[Part]:
    """The messages that tell `outgoing`, in order; every alert is listed in one of them.

    ValueError for kind `event`, whose body is fixed and is not shown in chat.
    """
    seen = message(outgoing, language, base_url, tz)
    values = {name: getattr(seen, name) for name in seen.__struct_fields__}

    def block(name: str) -> str:
        return fill(language, seen.kind, name, values)

    entries = [fill(language, seen.kind, "alert", {**values, "alert": a}) for a in seen.alerts]
    title = _title(outgoing, seen.icon, str(seen.severity), language)
    return [
        Part(f"{title} {mark}".strip(), text)
        for mark, text in pack(
            block("head"), [e for e in entries if e], block("foot"), block("more")
        )
    ]


def _title(outgoing: Outgoing, icon: str, severity: str, language: str) -> str:
    """Severity, where, what: enough to decide on the lock screen whether to get up."""
    payload = outgoing.payload
    alerts = payload.alerts if payload else []
    incident = payload.incident if payload else None
    what = alerts[0].name if alerts else incident.title if incident else ""
    silence = payload.silence if payload else None
    notification = outgoing.notification
    kind = "escalation" if notification.escalation else notification.kind
    text = say(
        f"render.title.{kind}",
        language,
        icon=icon,
        severity=severity,
        id=incident.short_id if incident else silence.short_id if silence else "",
        what=plain(f"{_place(alerts[0])} {what}" if alerts else what),
        n=len(alerts),
    )
    if len(alerts) > 1 and outgoing.notification.kind != "digest":
        text += say("render.title.more", language, n=len(alerts))
    mark = say("render.cut", language)
    return text if len(text) <= _TITLE else text[: _TITLE - len(mark)] + mark


def _place(alert: Alert) -> str:
    return next((alert.labels[name] for name in _PLACES if alert.labels.get(name)), "")
