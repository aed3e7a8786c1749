"""/escalate: the next step of the escalation policy, now."""

from __future__ import annotations

from bot.command.args import Args
from bot.command.command import Command, Context
from bot.command.request import CommandReply
from bot.command.step import take
from bot.command.target import incident_of
from bot.render.words import brief


async def run(context: Context, args: Args) -> CommandReply:
    """`/escalate [ID] [COMMENT]`."""
    incident = await incident_of(context, args)
    step = context.parts.loop.escalate(incident.number, context.who.name, context.comment(args))
    incident = await take(context, incident, step)
    title = brief(incident.title, 120, context.language, incident.short_id)
    text = context.say("escalate.done", id=incident.short_id, by=context.who.name, title=title)
    return CommandReply(text, incident.number)


COMMAND = Command("escalate", "/escalate INC-3 需要 DBA 协助", "responder", run)
