"""Material: what an analysis may read, redacted and bounded, every line with its place."""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from core.model.alert import Alert
from core.model.event import RANK, Severity
from core.model.incident import Incident, SimilarItem, TimelineEntry
from core.redact import MASK, Placeholders, redact

MAX_TEXT = 4 * 1024 * 1024  # characters
MAX_LINE = 2000
MAX_LINES = 200_000  # not blank; more would make a text of tiny lines slow
MAX_ALERTS = 50
# Annotations that say what is wrong, in the order they are read.
_SAYING = ("log", "summary", "description", "message", "body", "error", "detail")
_SURROGATE = re.compile("[\ud800-\udfff]")
_PEOPLE_SAY = frozenset({"note", "acknowledged", "resolved", "escalated"})


class Line(msgspec.Struct, frozen=True, gc=False):
    """One line of input. ref: where it stands; count: how often it is known to have come."""

    text: str
    ref: str
    count: int = 1


class Material(msgspec.Struct, frozen=True, kw_only=True):
    """title: empty for a bare text. severity: the worst of the alerts, None for a bare text.

    notes: what people wrote in the timeline. hosts: machines that labels name.
    has_log: lines of a log are in it, not only what an alert says of itself.
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
    has_log: bool = False
    redacted: bool = False
    truncated: bool = False


def of_text(text: str) -> Material:
    """A log or any text. What is longer than MAX_TEXT or MAX_LINES loses its middle."""
    head, tail, skipped = text, "", 0
    if len(text) > MAX_TEXT:
        head, tail = text[: MAX_TEXT * 3 // 4], text[-MAX_TEXT // 4 :]
        skipped = text.count("\n", len(head), len(text) - len(tail))
    head, tail = _clean(head), _clean(tail)
    found = _numbered(head, 1)
    if tail:
        found += _numbered(tail, 1 + head.count("\n") + skipped)
    truncated = bool(tail) or len(found) > MAX_LINES
    if len(found) > MAX_LINES:
        found = found[: MAX_LINES * 3 // 4] + found[-MAX_LINES // 4 :]
    return Material(
        lines=tuple(Line(line[:MAX_LINE].strip(), f"L{number}") for number, line in found),
        has_log=True,
        redacted=MASK in head or MASK in tail,
        truncated=truncated,
    )


def _clean(text: str) -> str:
    """Without secrets, and without lone surrogates, which no store and no encoder takes."""
    return redact(_SURROGATE.sub("\ufffd", text))


def _numbered(text: str, first: int) -> list[tuple[int, str]]:
    """The lines of `text` that are not blank, numbered as an editor does."""
    return [
        (number, line)
        for number, line in enumerate(text.split("\n"), first)
        if line and not line.isspace()
    ]


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
        for text in _said(alert):
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
        has_log=any(a.source.startswith("log:") or "log" in a.annotations for a in read),
        redacted=any(MASK in line.text for line in lines),
        truncated=len(ordered) > MAX_ALERTS,
    )


def _said(alert: Alert) -> list[str]:
    """The lines of an alert's annotations; its name when it says nothing else."""
    texts = [_clean(alert.annotations.get(key, ""))[: MAX_LINE * 4] for key in _SAYING]
    return "\n".join(filter(None, texts)).split("\n") if any(texts) else [alert.name]
