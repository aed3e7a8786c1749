"""/incidents: what is open."""

from __future__ import annotations

from bot.command.args import Args
from bot.command.command import Command, Context
from bot.command.request import CommandReply
from bot.render.reply.incidents import incidents_page
from core.store import queries
from core.store.queries import Filter
from core.store.queries.counts import counts

_SHOWN = 10


async def run(context: Context, args: Args) -> CommandReply:
    """`/incidents [TEXT]`: open ones, newest first; with a text those that hold it."""
    wanted = Filter(status=("triggered", "acknowledged"), q=args.rest())
    found = await context.read(lambda c: queries.incidents(c, wanted, limit=_SHOWN))
    total = await context.read(lambda c: counts(c, context.now))
    if wanted.q:
        triggered = sum(i.status == "triggered" for i in found.items)
        acknowledged = len(found.items) - triggered
    else:
        triggered, acknowledged = total.triggered, total.acknowledged
    return CommandReply(incidents_page(found.items, triggered, acknowledged, context.reader))


COMMAND = Command("incidents", "/incidents", "viewer", run)
