"""What a template sees: an outgoing notification in words, escaped and cut to fit a phone.

The limits (in characters, escapes counted) are such that head, foot and one alert always fit
into one message of 3,000.
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from bot.chat.channel import Outgoing
from bot.render import words
from bot.render.analysis import AnalysisEntry, analysis_entry
from bot.render.escalation import calls_line, escalation_line
from bot.render.escape import Markdown
from bot.render.link import incident_link
from bot.render.words import brief, told, unmarked
from core.model.alert import Alert
from core.model.event import RANK
from core.model.incident import Incident, SimilarItem
from core.model.silence import Silence

_TITLE, _SUMMARY, _LINE, _NAME, _LABELS, _FIX = 160, 360, 240, 100, 280, 220
_NOT_SHOWN = {"alertname", "severity", "severity_raw"}
# What a reader looks for first; the other labels follow by name.
_FIRST = ("host", "instance", "hostname", "node", "pod", "app", "service", "job", "namespace",
          "cluster", "env")  # fmt: skip
_ENOUGH_LABELS = 6


class AlertEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One alert of the list. summary: empty when the heading says the same already.

    ended: when it cleared, or empty while it fires. incident: `INC-3`, or empty.
    """

    id: str
    icon: str
    severity: Markdown
    name: Markdown
    labels: Markdown
    summary: Markdown
    flapping: bool
    count: int
    since: Markdown
    ended: Markdown
    lasted: Markdown
    incident: str


class SimilarEntry(msgspec.Struct, frozen=True):
    """A past incident or an article, and what fixed it."""

    id: str
    title: Markdown
    confidence: Markdown
    fix: Markdown


class SilenceEntry(msgspec.Struct, frozen=True):
    """A silence that ends soon. maintenance: it is one."""

    id: str
    matchers: Markdown
    by: Markdown
    comment: Markdown
    until: Markdown
    maintenance: bool


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One notification. counts: how many alerts of each severity; empty ones left out.

    id, title, status, by, resolution and link are the incident's; empty in a digest. escalation:
    its step, and calls: whom it calls; empty when it is none.
    """

    kind: str
    icon: str
    severity: Markdown
    id: str
    title: Markdown
    status: str
    by: Markdown
    resolution: Markdown
    lasted: Markdown
    count: int
    counts: Markdown
    alerts: list[AlertEntry]
    key_error: Markdown
    analysis: AnalysisEntry | None
    similar: list[SimilarEntry]
    escalation: Markdown
    calls: Markdown
    link: Markdown
    silence: SilenceEntry | None


def message(outgoing: Outgoing, language: str, base_url: str, tz: ZoneInfo) -> Message:
    """Say `outgoing` in words. ValueError when it has no payload: such is not shown in chat."""
    if outgoing.payload is None:
        raise ValueError(f"{outgoing.notification.short_id} has nothing that chat could show")
    incident, alerts = outgoing.payload.incident, outgoing.payload.alerts
    now = outgoing.notification.created_at
    kind = outgoing.notification.kind
    worst = max((a.severity for a in alerts), key=RANK.__getitem__, default="info")
    level = incident.severity if incident is not None else worst
    analysis = analysis_entry(outgoing.story.analysis, outgoing.notification.incident, language)
    return Message(
        kind=kind,
        icon=words.RESOLVED_ICON if kind == "resolved" else words.ICONS[level],
        severity=words.severity(level, language),
        id=incident.short_id if incident else "",
        title=brief(incident.title, _TITLE, language, incident.short_id)
        if incident
        else Markdown(),
        status=incident.status if incident else "",
        by=brief(_by(incident), _NAME, language),
        resolution=brief(incident.resolution, _LINE, language, incident.short_id)
        if incident
        else Markdown(),
        lasted=_lasted(incident, now, language),
        count=len(alerts),
        counts=_counts(alerts, language),
        alerts=[_alert(a, incident, now, language, tz) for a in _ordered(alerts, incident)],
        key_error=_key_error(analysis, alerts, language),
        analysis=analysis,
        similar=[similar_entry(s, language) for s in outgoing.story.similar[:2]],
        escalation=escalation_line(outgoing.notification.escalation, language),
        calls=calls_line(outgoing.called, language),
        link=incident_link(base_url, incident.number if incident else None, language),
        silence=_silence(outgoing.payload.silence, language, tz),
    )


def _silence(silence: Silence | None, language: str, tz: ZoneInfo) -> SilenceEntry | None:
    if silence is None:
        return None
    return SilenceEntry(
        id=silence.short_id,
        matchers=brief(", ".join(map(str, silence.matchers)), _LINE, language),
        by=brief(silence.created_by, _NAME, language),
        comment=brief(silence.comment, _LINE, language),
        until=Markdown(words.moment(silence.ends_at, tz)),
        maintenance=silence.kind == "maintenance",
    )


def _by(incident: Incident | None) -> str:
    if incident is None:
        return ""
    return incident.resolved_by if incident.status == "resolved" else incident.acknowledged_by


def _lasted(incident: Incident | None, now: datetime, language: str) -> Markdown:
    if incident is None:
        return Markdown()
    return words.span((incident.resolved_at or now) - incident.started_at, language)


def _counts(alerts: list[Alert], language: str) -> Markdown:
    found = []
    for level in RANK:
        count = sum(a.severity == level for a in alerts)
        if count:
            word = words.severity(level, language)
            found.append(told("render.count", language, what=word, n=count))
    return Markdown(told("render.and", language).join(found))


def _ordered(alerts: list[Alert], incident: Incident | None) -> list[Alert]:
    """An incident's in their own order; a digest's by severity, for nobody reads to its end."""
    if incident is not None:
        return alerts
    return sorted(alerts, key=lambda a: (-RANK[a.severity], a.number))


def _alert(
    alert: Alert, incident: Incident | None, now: datetime, language: str, tz: ZoneInfo
) -> AlertEntry:
    resolved = alert.status == "resolved"
    known = {alert.name, incident.title if incident else ""}
    summary = brief(alert.summary, _SUMMARY, language, alert.short_id)
    empty = Markdown()
    return AlertEntry(
        id=alert.short_id,
        icon=words.RESOLVED_ICON if resolved else words.ICONS[alert.severity],
        severity=words.severity(alert.severity, language),
        flapping=alert.flapping,
        name=brief(alert.name, _NAME, language, alert.short_id),
        labels=key_labels(alert, language),
        summary=empty if alert.summary in known else summary,
        count=alert.count,
        since=words.moment(alert.starts_at, tz),
        ended=words.moment(alert.ends_at, tz) if resolved and alert.ends_at else empty,
        lasted=words.span((alert.ends_at if resolved and alert.ends_at else now) - alert.starts_at,
                          language),
        incident=f"INC-{alert.incident}" if alert.incident else "",
    )  # fmt: skip


def key_labels(alert: Alert, language: str, limit: int = _LABELS) -> Markdown:
    """The labels that tell one alert from another, what names a machine first."""
    names = [n for n in _FIRST if n in alert.labels]
    names += sorted(alert.labels.keys() - set(names) - _NOT_SHOWN)
    shown = " ".join(f"{name}={alert.labels[name]}" for name in names[:_ENOUGH_LABELS])
    if len(names) > _ENOUGH_LABELS:
        more = told(
            "render.more_labels", language, n=len(names) - _ENOUGH_LABELS, id=alert.short_id
        )
        return Markdown(f"{brief(shown, limit - len(more), language, alert.short_id)} {more}")
    return brief(shown, limit, language, alert.short_id)


def similar_entry(item: SimilarItem, language: str, limit: int = _FIX) -> SimilarEntry:
    """A similar item in words. What it says nothing about how to fix is shown by its snippet."""
    return SimilarEntry(
        item.id,
        brief(item.title, _NAME, language, item.id),
        words.confidence(item.confidence, language),
        brief(unmarked(item.fix or item.snippet), limit, language, item.id),
    )


def _key_error(analysis: AnalysisEntry | None, alerts: list[Alert], language: str) -> Markdown:
    """The line that says most: the analysis' first, else the log line that raised the alert."""
    if analysis is not None and analysis.key_error:
        return analysis.key_error
    line = alerts[0].annotations.get("log", "") if alerts else ""
    return brief(line, _LINE, language, alerts[0].short_id) if line else Markdown()
