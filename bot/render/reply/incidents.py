"""The list of incidents."""

from __future__ import annotations

from collections.abc import Sequence

from bot.render import words
from bot.render.escape import Markdown
from bot.render.reply.page import listed, page
from bot.render.reply.reader import Reader
from bot.render.words import BREAK, brief, told
from core.model.incident import Incident


def incidents_page(
    incidents: Sequence[Incident], triggered: int, acknowledged: int, reader: Reader
) -> Markdown:
    """Open incidents, newest first. triggered, acknowledged: how many there are of each."""
    language = reader.language
    total = triggered + acknowledged
    if not incidents:
        return told("render.incidents.none", language)
    head = told(
        "render.incidents.head", language, n=total, triggered=triggered, acknowledged=acknowledged
    )
    more = total - len(incidents)
    return page(
        [
            head,
            listed(incident_line(i, reader) for i in incidents),
            told("render.more", language, n=more) if more > 0 else "",
        ],
        language,
    )


def incident_line(incident: Incident, reader: Reader) -> Markdown:
    """One incident in two lines: what, and how it stands."""
    language = reader.language
    icon = words.RESOLVED_ICON if incident.status == "resolved" else words.ICONS[incident.severity]
    title = brief(incident.title, 100, language, incident.short_id)
    who = incident.assignee or incident.acknowledged_by
    stands = told(
        "render.incidents.stands_by" if who else "render.incidents.stands",
        language,
        status=words.status(incident.status, language),
        by=brief(who, 40, language),
        n=incident.alert_count,
        ago=words.ago(incident.started_at, reader.now, language),
    )
    return Markdown(f"{icon} {incident.short_id} {title}{BREAK}{stands}")
