"""/alerts: what fires."""

from __future__ import annotations

from bot.command.args import Args
from bot.command.command import Command, Context
from bot.command.request import CommandReply
from bot.render.reply.alerts import alerts_page
from core.store import queries
from core.store.queries import Filter
from core.store.queries.counts import counts

_SHOWN = 10


async def run(context: Context, args: Args) -> CommandReply:
    """`/alerts [TEXT]`: firing ones, newest first; with a text those that hold it."""
    wanted = Filter(status=("firing",), q=args.rest())
    found = await context.read(lambda c: queries.alerts(c, wanted, limit=_SHOWN))
    total = await context.read(lambda c: counts(c, context.now))
    count = len(found.items) if wanted.q else total.firing
    return CommandReply(alerts_page(found.items, count, context.reader))


COMMAND = Command("alerts", "/alerts db-01", "viewer", run)
