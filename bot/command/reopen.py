"""/reopen: it was not over."""

from __future__ import annotations

from bot.command.args import Args
from bot.command.command import Command, Context
from bot.command.request import CommandReply
from bot.command.step import take
from bot.command.target import incident_of
from bot.render.words import brief


async def run(context: Context, args: Args) -> CommandReply:
    """`/reopen [ID] [COMMENT]`."""
    incident = await incident_of(context, args)
    comment = context.comment(args)
    step = context.parts.loop.reopen(incident.number, context.who.name, comment)
    incident = await take(context, incident, step)
    title = brief(incident.title, 120, context.language, incident.short_id)
    text = context.say("reopen.done", id=incident.short_id, by=context.who.name, title=title)
    return CommandReply(text, incident.number)


COMMAND = Command("reopen", "/reopen INC-3 又出现了", "responder", run)
