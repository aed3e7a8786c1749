"""/ack: I am on it. Reminders and escalation stop."""

from __future__ import annotations

from bot.command.args import Args
from bot.command.command import Command, Context
from bot.command.request import CommandReply
from bot.command.step import take
from bot.command.target import incident_of
from bot.render.words import brief, moment


async def run(context: Context, args: Args) -> CommandReply:
    """`/ack [ID] [DURATION] [COMMENT]`: with a duration it comes back by itself."""
    incident = await incident_of(context, args)
    length = args.span()
    comment = context.comment(args)
    loop = context.parts.loop
    step = loop.acknowledge(incident.number, context.who.name, comment, length)
    incident = await take(context, incident, step)
    title = brief(incident.title, 120, context.language, incident.short_id)
    if incident.ack_until is None:
        text = context.say("ack.done", id=incident.short_id, by=context.who.name, title=title)
    else:
        until = moment(incident.ack_until, context.parts.settings.tz)
        text = context.say(
            "ack.done_until", id=incident.short_id, by=context.who.name, title=title, at=until
        )
    return CommandReply(text, incident.number)


COMMAND = Command("ack", "/ack INC-3 2h 正在扩容", "responder", run)
