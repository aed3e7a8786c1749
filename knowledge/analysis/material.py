"""Material: what an analysis may read, redacted and bounded, every line with its place."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from core.model.alert import Alert
from core.model.event import RANK, Severity
from core.model.incident import Incident, SimilarItem, TimelineEntry
from core.redact import MASK, Placeholders, redact

MAX_TEXT = 4 * 1024 * 1024  # characters
MAX_LINE = 2000
MAX_ALERTS = 50
# Annotations that say what is wrong, in the order they are read.
_SAYING = ("log", "summary", "description", "message", "body", "error", "detail")
_PEOPLE_SAY = frozenset({"note", "acknowledged", "resolved", "escalated"})


class Line(msgspec.Struct, frozen=True):
    """One line of input. ref: where it stands; count: how often it is known to have come."""

    text: str
    ref: str
    count: int = 1


class Material(msgspec.Struct, frozen=True, kw_only=True):
    """title: empty for a bare text. severity: the worst of the alerts, None for a bare text.

    notes: what people wrote in the timeline. hosts: machines that labels name.
    """

    lines: tuple[Line, ...]
    title: str = ""
    severity: Severity | None = None
    alerts: int = 0
    events: int = 0
    names: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    similar: tuple[SimilarItem, ...] = ()
    notes: tuple[str, ...] = ()
    redacted: bool = False
    truncated: bool = False


def of_text(text: str) -> Material:
    """A log or any text. What is longer than MAX_TEXT loses its middle."""
    truncated = len(text) > MAX_TEXT
    if truncated:
        text = text[: MAX_TEXT * 3 // 4] + "\n" + text[-MAX_TEXT // 4 :]
    clean = redact(text)
    found = clean.splitlines()
    lines = tuple(
        Line(line[:MAX_LINE].strip(), f"L{number}")
        for number, line in enumerate(found, 1)
        if line and not line.isspace()
    )
    return Material(lines=lines, redacted=MASK in clean, truncated=truncated)


def of_incident(
    incident: Incident,
    alerts: Iterable[Alert],
    similar: Iterable[SimilarItem],
    timeline: Iterable[TimelineEntry],
) -> Material:
    """An incident: the text of its alerts, oldest first, and what people wrote."""
    ordered = sorted(alerts, key=lambda a: (a.first_seen, a.number))
    read = ordered[:MAX_ALERTS]
    lines: list[Line] = []
    seen: set[str] = set()
    for alert in read:
        for key in _SAYING:
            for text in redact(alert.annotations.get(key, ""))[: MAX_LINE * 4].splitlines():
                line = text[:MAX_LINE].strip()
                if line and line not in seen:
                    seen.add(line)
                    lines.append(Line(line, alert.short_id, alert.count))
    severities: list[Severity] = [a.severity for a in ordered] or [incident.severity]
    worst: Severity = max(severities, key=lambda word: RANK[word])
    return Material(
        lines=tuple(lines),
        title=redact(incident.title),
        severity=worst,
        alerts=len(ordered),
        events=sum(a.count for a in ordered),
        names=tuple(dict.fromkeys(a.name for a in read)),
        hosts=tuple(Placeholders.hosts_of(incident.labels, *(a.labels for a in read))),
        similar=tuple(similar),
        notes=tuple(redact(e.text) for e in timeline if e.kind in _PEOPLE_SAY and e.text),
        redacted=any(MASK in line.text for line in lines),
        truncated=len(ordered) > MAX_ALERTS,
    )
