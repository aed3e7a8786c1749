"""Taking one step on an incident; when its status does not allow it, saying how it stands."""

from __future__ import annotations

from collections.abc import Awaitable

import structlog

from bot.command.command import Context
from bot.command.unable import Unable
from bot.render.words import ago, brief, moment
from core.errors import Conflict
from core.model.incident import Incident
from core.store import queries

log = structlog.get_logger(__name__)


async def take(context: Context, incident: Incident, step: Awaitable[Incident]) -> Incident:
    """Take `step`. Raises Unable with who came first, and when, instead of Conflict."""
    try:
        return await step
    except Conflict as conflict:
        log.info("command_conflict", incident=incident.short_id, error=str(conflict))
        raise await _too_late(context, incident.number) from conflict


async def _too_late(context: Context, number: int) -> Unable:
    incident = await context.read(lambda c: queries.incident(c, number))
    if incident is None:
        return context.unable("no_incident", id=f"INC-{number}")
    at, by = None, ""
    key = f"conflict.{incident.status}"
    if incident.status == "acknowledged":
        at, by = incident.acknowledged_at, incident.acknowledged_by
    elif incident.status == "resolved":
        at, by = incident.resolved_at, incident.resolved_by
        if context.command.name == "reopen":
            key = "conflict.another"
        elif not by:
            key = "conflict.resolved_by_itself"
    return context.unable(
        key,
        id=incident.short_id,
        by=brief(by, 60, context.language),
        ago=ago(at or incident.updated_at, context.now, context.language),
        at=moment(at or incident.updated_at, context.parts.settings.tz),
    )
