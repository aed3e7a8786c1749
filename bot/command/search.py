"""/search: articles and past incidents near a text."""

from __future__ import annotations

from bot.command.args import Args
from bot.command.command import Command, Context
from bot.command.request import CommandReply
from bot.render.reply.similar import found_page

_SHOWN = 5


async def run(context: Context, args: Args) -> CommandReply:
    """`/search TEXT`."""
    query = args.rest()
    if not query:
        raise context.usage()
    found = await context.parts.kb.search.search(query, limit=_SHOWN)
    return CommandReply(found_page(query, found.items[:_SHOWN], context.reader))


COMMAND = Command("search", "/search 磁盘满", "viewer", run)
