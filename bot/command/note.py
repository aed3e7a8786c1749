"""/note: add a line to an incident's timeline."""

from __future__ import annotations

from bot.command.args import Args
from bot.command.command import Command, Context
from bot.command.request import CommandReply
from bot.command.target import incident_of


async def run(context: Context, args: Args) -> CommandReply:
    """`/note [ID] TEXT`."""
    incident = await incident_of(context, args)
    text = context.comment(args)
    if not text:
        raise context.usage()
    await context.parts.loop.note(incident.number, context.who.name, text)
    return CommandReply(context.say("note.done", id=incident.short_id), incident.number)


COMMAND = Command("note", "/note INC-3 已联系 DBA 处理", "responder", run)
