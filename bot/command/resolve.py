"""/resolve: it is over, and this is what fixed it."""

from __future__ import annotations

from bot.command.args import Args
from bot.command.command import Command, Context
from bot.command.request import CommandReply
from bot.command.step import take
from bot.command.target import incident_of
from bot.render.words import brief


async def run(context: Context, args: Args) -> CommandReply:
    """`/resolve [ID] [COMMENT]`: the comment is kept as what fixed it."""
    incident = await incident_of(context, args)
    comment = context.comment(args)
    step = context.parts.loop.resolve(incident.number, context.who.name, comment)
    incident = await take(context, incident, step)
    title = brief(incident.title, 120, context.language, incident.short_id)
    values = {"id": incident.short_id, "by": context.who.name, "title": title}
    lines = [context.say("resolve.done", **values)]
    if incident.held:
        lines.append(context.say("resolve.held", **values))
    if not incident.resolution:
        lines.append(context.say("resolve.how", **values))
    return CommandReply("\n\n".join(lines), incident.number)


COMMAND = Command("resolve", "/resolve INC-3 清理了 /data 下的旧备份", "responder", run)
