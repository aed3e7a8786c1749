"""/maintenance: for a while, incidents are recorded and nobody is told."""

from __future__ import annotations

from datetime import timedelta

from bot.command.args import Args
from bot.command.command import Command, Context
from bot.command.request import CommandReply
from bot.render.words import moment


async def run(context: Context, args: Args) -> CommandReply:
    """`/maintenance [MATCHER…] DURATION [COMMENT]`; without matchers of everything."""
    matchers = args.matchers()
    length = args.span(bare=True)
    if not matchers:
        matchers = args.matchers()  # `/maintenance 2h app=shop` is understood as well
    if length is None or length <= timedelta(0):
        raise context.usage()
    silence = await context.parts.loop.add_silence(
        matchers,
        context.now,
        context.now + length,
        context.comment(args),
        context.who.name,
        "maintenance",
        context.channel,
    )
    shown = ", ".join(map(str, matchers))[:600]
    return CommandReply(
        context.say(
            "maintenance.done" if matchers else "maintenance.done_all",
            id=silence.short_id,
            matchers=shown,
            until=moment(silence.ends_at, context.parts.settings.tz),
        )
    )


COMMAND = Command("maintenance", "/maintenance app=shop 2h 升级数据库", "responder", run)
