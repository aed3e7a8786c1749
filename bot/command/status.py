"""/status: how tocsin itself does."""

from __future__ import annotations

from bot.command.args import Args
from bot.command.command import Command, Context
from bot.command.request import CommandReply
from bot.render.reply.status import status_page
from core.store.queries.counts import counts


async def run(context: Context, args: Args) -> CommandReply:
    """`/status`."""
    del args
    parts = await context.parts.ready()
    numbers = await context.read(lambda c: counts(c, context.now))
    return CommandReply(status_page(parts, numbers, context.reader))


COMMAND = Command("status", "/status", "viewer", run)
