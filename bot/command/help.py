"""/help: what the bot understands, as far as the reader may use it."""

from __future__ import annotations

from bot.command.args import Args
from bot.command.command import Command, Context, usage_of
from bot.command.request import CommandReply
from bot.render.reply.page import listed, page
from bot.render.words import BREAK, told


async def run(context: Context, args: Args) -> CommandReply:
    """`/help [COMMAND]`."""
    wanted = args.word().lstrip("/／").lower()
    for command in context.commands:
        if command.name == wanted:
            about = told(command.about, context.language)
            return CommandReply(f"{about}\n\n{usage_of(command, context.language)}")
    if wanted:
        raise context.unable("help.unknown", name=wanted[:40])
    lines = [
        f"{told(c.usage, context.language)}{BREAK}{told(c.about, context.language)}"
        for c in context.commands
        if context.who.may(c.role)
    ]
    return CommandReply(page([context.say("help.head"), listed(lines)], context.language))


COMMAND = Command("help", "/help ack", "viewer", run)
