"""One incident: how it stands, what it means, its alerts, what helped before, what happened."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.render import words
from bot.render.analysis import analysis_entry
from bot.render.escape import Markdown
from bot.render.link import incident_link
from bot.render.reply.alerts import alert_line
from bot.render.reply.page import listed, page
from bot.render.reply.reader import Reader
from bot.render.reply.similar import similar_list
from bot.render.words import BREAK, brief, told
from core.model.alert import Alert
from core.model.incident import Incident, TimelineEntry
from core.store.queries import Story

_ALERTS, _TIMELINE = 5, 6


def incident_page(
    incident: Incident, alerts: Sequence[Alert], story: Story, reader: Reader
) -> Markdown:
    """Everything that fits on one page; the link leads to the rest."""
    return page(_blocks(incident, alerts, story, reader), reader.language)


def _blocks(
    incident: Incident, alerts: Sequence[Alert], story: Story, reader: Reader
) -> Iterator[str]:
    language = reader.language
    yield _head(incident, language)
    yield _stands(incident, reader)
    yield _escalates(story, reader)
    if incident.resolution:
        resolution = brief(incident.resolution, 240, language)
        yield told("render.incident.resolution", language, text=resolution)
    yield from _meaning(incident, story, language)
    if alerts:
        more = incident.alert_count - _ALERTS
        yield told("render.incident.alerts", language, n=incident.alert_count)
        yield listed(alert_line(a, reader) for a in alerts[-_ALERTS:])
        yield told("render.more", language, n=more) if more > 0 else ""
    if story.similar:
        yield told("render.similar.head", language)
        yield similar_list(story.similar[:2], language)
    if story.timeline:
        yield told("render.incident.timeline", language)
        yield listed(_happened(entry, reader) for entry in story.timeline[-_TIMELINE:])
    yield incident_link(reader.base_url, incident.number, language)


def _head(incident: Incident, language: str) -> Markdown:
    resolved = incident.status == "resolved"
    icon = words.RESOLVED_ICON if resolved else words.ICONS[incident.severity]
    level = words.severity(incident.severity, language)
    title = brief(incident.title, 160, language)
    return Markdown(f"#### {icon} {level} {incident.short_id} {title}")


def _escalates(story: Story, reader: Reader) -> Markdown:
    """When the next step of its escalation comes; empty when none does."""
    found = story.escalating
    if found is None or found.due_at is None:
        return Markdown()
    key = "render.incident.escalation_waits" if found.waits else "render.incident.escalates"
    at = words.moment(found.due_at, reader.tz)
    return told(key, reader.language, policy=brief(found.policy, 60, reader.language), at=at)


def _stands(incident: Incident, reader: Reader) -> Markdown:
    """Status, since when, who."""
    language = reader.language
    end = incident.resolved_at or reader.now
    lines = [
        told(
            "render.incident.stands" if incident.resolved_at else "render.incident.stands_open",
            language,
            status=words.status(incident.status, language),
            since=words.full_moment(incident.started_at, reader.tz),
            lasted=words.span(end - incident.started_at, language),
        )
    ]
    if incident.acknowledged_by and incident.acknowledged_at:
        lines.append(
            told(
                "render.incident.acknowledged",
                language,
                by=brief(incident.acknowledged_by, 60, language),
                at=words.moment(incident.acknowledged_at, reader.tz),
            )
        )
    if incident.ack_until:
        until = words.moment(incident.ack_until, reader.tz)
        lines.append(told("render.incident.ack_until", language, at=until))
    if incident.assignee:
        who = brief(incident.assignee, 60, language)
        lines.append(told("render.incident.assigned", language, to=who))
    if incident.resolved_at:
        lines.append(
            told(
                "render.incident.resolved_by"
                if incident.resolved_by
                else "render.incident.resolved",
                language,
                by=brief(incident.resolved_by, 60, language),
                at=words.moment(incident.resolved_at, reader.tz),
            )
        )
    if incident.held:
        lines.append(told("render.incident.held", language))
    return Markdown(BREAK.join(lines))


def _meaning(incident: Incident, story: Story, language: str) -> Iterator[str]:
    entry = analysis_entry(story.analysis, incident.number, language)
    if entry is None:
        return
    head = told("render.analysis.summary", language, source=entry.source)
    yield Markdown(f"{head}{BREAK}{entry.summary}")
    yield Markdown(f"> {entry.key_error}") if entry.key_error else ""
    if entry.causes:
        yield told("render.analysis.causes", language)
        yield listed(entry.causes)
    if entry.suggestions:
        yield told("render.analysis.suggestions", language)
        yield listed(entry.suggestions)


def _happened(entry: TimelineEntry, reader: Reader) -> Markdown:
    at = words.moment(entry.at, reader.tz)
    text = brief(entry.text, 160, reader.language)
    if entry.kind == "note":
        return told("render.incident.note", reader.language, at=at, by=entry.by[:60], text=text)
    return Markdown(f"{at} {text}")
