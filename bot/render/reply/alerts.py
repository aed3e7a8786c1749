"""The list of alerts."""

from __future__ import annotations

from collections.abc import Sequence

from bot.render import words
from bot.render.escape import Markdown
from bot.render.message import key_labels
from bot.render.reply.page import listed, page
from bot.render.reply.reader import Reader
from bot.render.words import BREAK, brief, told
from core.model.alert import Alert


def alerts_page(alerts: Sequence[Alert], total: int, reader: Reader) -> Markdown:
    """Firing alerts, newest first. total: how many there are."""
    language = reader.language
    if not alerts:
        return told("render.alerts.none", language)
    more = total - len(alerts)
    return page(
        [
            told("render.alerts.head", language, n=total),
            listed(alert_line(a, reader) for a in alerts),
            told("render.more", language, n=more) if more > 0 else "",
        ],
        language,
    )


def alert_line(alert: Alert, reader: Reader) -> Markdown:
    """One alert in two lines: its name and where, and since when how often."""
    language = reader.language
    icon = words.RESOLVED_ICON if alert.status == "resolved" else words.ICONS[alert.severity]
    name = brief(alert.name, 80, language, alert.short_id)
    stands = told(
        "render.alerts.stands",
        language,
        n=alert.count,
        ago=words.ago(alert.starts_at, reader.now, language),
        labels=key_labels(alert, language, 140),
    )
    incident = f" INC-{alert.incident}" if alert.incident else ""
    return Markdown(f"{icon} {alert.short_id} **{name}**{incident}{BREAK}{stands}")
