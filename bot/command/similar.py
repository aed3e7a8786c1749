"""/similar: past incidents and articles that resemble an incident."""

from __future__ import annotations

from bot.command.args import Args
from bot.command.command import Command, Context
from bot.command.request import CommandReply
from bot.command.target import incident_of
from bot.render.reply.similar import similar_page
from core.model.incident import Incident, SimilarItem
from core.store import queries

_SHOWN = 5


async def run(context: Context, args: Args) -> CommandReply:
    """`/similar [ID]`: looked up now, for the knowledge base may have learned since."""
    incident = await incident_of(context, args)
    found = await similar_to(context, incident)
    return CommandReply(similar_page(incident, found, context.reader), incident.number)


async def similar_to(context: Context, incident: Incident) -> list[SimilarItem]:
    """What the knowledge base finds for an incident now."""
    number = incident.number
    alerts = await context.read(lambda c: queries.alerts_of_incident(c, number, 50))
    return await context.parts.kb.similar.find(incident, alerts, limit=_SHOWN)


COMMAND = Command("similar", "/similar INC-3", "viewer", run)
