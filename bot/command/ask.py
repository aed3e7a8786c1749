"""/ask: an answer made of the knowledge base alone, with its sources."""

from __future__ import annotations

from bot.command.args import Args
from bot.command.command import Command, Context
from bot.command.request import CommandReply
from bot.render.reply.answer import answer_page


async def run(context: Context, args: Args) -> CommandReply:
    """`/ask QUESTION`."""
    question = args.rest()
    if not question:
        raise context.usage()
    found = await context.parts.ask.ask(question)
    return CommandReply(answer_page(found, context.reader))


COMMAND = Command("ask", "/ask MySQL 主从延迟怎么处理", "viewer", run)
