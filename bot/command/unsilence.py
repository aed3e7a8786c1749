"""/unsilence: end a silence now."""

from __future__ import annotations

from bot.command.args import Args
from bot.command.command import Command, Context
from bot.command.request import CommandReply
from bot.render.reply.page import listed, page
from bot.render.words import brief, moment
from core.errors import Conflict, NotFound
from core.model.silence import Silence
from core.store import queries


async def run(context: Context, args: Args) -> CommandReply:
    """`/unsilence [SIL-1]`: without an id the only one there is, or a list to choose from."""
    ref = args.ref()
    active = await context.read(lambda c: queries.silences(c, context.now))
    if ref is None:
        if len(active) != 1:
            return CommandReply(_choice(context, active))
        number = active[0].number
    elif ref.kind in {"SIL", None}:
        number = ref.number
    else:
        raise context.usage()
    try:
        silence = await context.parts.loop.expire_silence(number, context.who.name)
    except (NotFound, Conflict) as error:
        raise context.unable("unsilence.none", id=f"SIL-{number}") from error
    return CommandReply(context.say("unsilence.done", id=silence.short_id))


def _choice(context: Context, active: list[Silence]) -> str:
    if not active:
        return context.say("unsilence.nothing")
    lines = [
        context.say(
            "unsilence.one",
            id=silence.short_id,
            matchers=brief(", ".join(map(str, silence.matchers)), 160, context.language),
            by=silence.created_by[:60],
            until=moment(silence.ends_at, context.parts.settings.tz),
        )
        for silence in active[-10:]
    ]
    return page([context.say("unsilence.which"), listed(lines)], context.language)


COMMAND = Command("unsilence", "/unsilence SIL-1", "responder", run)
