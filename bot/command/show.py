"""/show: one incident or alert with all there is to say about it."""

from __future__ import annotations

from bot.command.args import Args
from bot.command.command import Command, Context
from bot.command.request import CommandReply
from bot.command.runbook import article_named
from bot.command.target import alert_named, incident_named, last_incident
from bot.render.reply.alert import alert_page
from bot.render.reply.article import article_page
from bot.render.reply.incident import incident_page
from core.store import queries


async def run(context: Context, args: Args) -> CommandReply:
    """`/show [INC-3|ALT-7|KB-2]`."""
    ref = args.ref()
    if ref is not None and ref.kind == "ALT":
        alert = await alert_named(context, ref)
        return CommandReply(alert_page(alert, context.reader), alert.incident)
    if ref is not None and ref.kind == "KB":
        article = await article_named(context, ref.number)
        return CommandReply(article_page(article, (), context.reader))
    incident = await incident_named(context, ref) if ref else await last_incident(context)
    number = incident.number
    alerts = await context.read(lambda c: queries.alerts(c, incident=number, limit=5))
    story = (await context.read(lambda c: queries.stories(c, [number])))[number]
    page = incident_page(incident, alerts.items[::-1], story, context.reader)
    return CommandReply(page, number)


COMMAND = Command("show", "/show INC-3", "viewer", run)
