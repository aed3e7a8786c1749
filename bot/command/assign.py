"""/assign: name who works on an incident."""

from __future__ import annotations

from difflib import get_close_matches

from bot.command.args import Args
from bot.command.command import Command, Context
from bot.command.request import CommandReply
from bot.command.step import take
from bot.command.target import incident_of

_ME = {"me", "myself", "我", "自己"}


async def run(context: Context, args: Args) -> CommandReply:
    """`/assign [ID] PERSON [COMMENT]`; PERSON as in `people`, with or without @, or `me`."""
    incident = await incident_of(context, args)
    said = args.mentions[0] if args.mentions else args.word().lstrip("@＠")
    if not said:
        raise context.usage()
    to = _person(context, said)
    step = context.parts.loop.assign(incident.number, context.who.name, to, context.comment(args))
    incident = await take(context, incident, step)
    text = context.say("assign.done", id=incident.short_id, to=to, title=incident.title[:120])
    return CommandReply(text, incident.number)


def _person(context: Context, said: str) -> str:
    """The name in `people`. Raises Unable with the nearest ones when there is none."""
    if said.lower() in _ME:
        return context.who.name
    names = {person.name.lower(): person.name for person in context.parts.settings.people}
    if said.lower() in names:
        return names[said.lower()]
    near = get_close_matches(said.lower()[:60], names, n=3, cutoff=0.5) or sorted(names)[:5]
    raise context.unable(
        "assign.nobody", name=said[:60], near=", ".join(names[n] for n in near) or "-"
    )


COMMAND = Command("assign", "/assign INC-3 @li.wei", "responder", run)
