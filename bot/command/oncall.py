"""/oncall: who is on call, until when, and who comes then; and taking over for a while."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.command.args import Args
from bot.command.command import Command, Context
from bot.command.request import CommandReply
from bot.render.reply.oncall import oncall_page, schedule_block
from bot.render.words import moment
from core.clock import to_utc
from core.errors import PermissionDenied
from core.oncall.wall import instant

_OVERRIDE = {"override", "替班", "换班"}
_END = {"end", "结束"}
_LISTED = 10


async def run(context: Context, args: Args) -> CommandReply:
    """`/oncall [SCHEDULE]`, `/oncall override SCHEDULE PERSON …`, `/oncall end OVR-2`."""
    word = args.word()
    if word.lower() in _OVERRIDE:
        return await _override(context, args)
    if word.lower() in _END:
        return await _end(context, args)
    roster = context.parts.roster
    if not roster.names:
        raise context.unable("oncall.none")
    names = [_schedule(context, word)] if word else roster.names[:_LISTED]
    blocks = [
        schedule_block(name, await roster.duties(name, context.now), _zone(context, name),
                       context.reader)
        for name in names
    ]  # fmt: skip
    more = len(roster.names) - _LISTED if not word else 0
    return CommandReply(oncall_page(blocks, more, context.reader))


async def _override(context: Context, args: Args) -> CommandReply:
    """`SCHEDULE PERSON (DURATION | FROM UNTIL) [COMMENT]`; moments like 2026-01-05T09:00."""
    _may(context)
    word = args.word()
    if not word:
        raise context.usage()
    schedule = _schedule(context, word)
    person = args.word().lstrip("@＠")
    person = context.who.name if person.lower() in {"me", "我"} else person
    tz = _zone(context, schedule)
    length = args.span()
    starts_at: datetime | None = context.now
    ends_at = context.now + length if length else None
    if length is None:
        starts_at, ends_at = _moment(args.word(), tz), _moment(args.word(), tz)
    if not person or starts_at is None or ends_at is None or length == timedelta(0):
        raise context.usage()
    made = await context.parts.roster.override(
        schedule, person, starts_at, ends_at, context.comment(args), context.who.name, context.now
    )
    return CommandReply(
        context.say(
            "oncall.overridden",
            id=made.short_id,
            person=person,
            schedule=schedule,
            start=moment(starts_at, tz),
            end=moment(ends_at, tz),
        )
    )


async def _end(context: Context, args: Args) -> CommandReply:
    _may(context)
    ref = args.ref()
    if ref is None or ref.kind not in {"OVR", None}:
        raise context.usage()
    ended = await context.parts.roster.end_override(ref.number, context.now)
    return CommandReply(context.say("oncall.ended", id=ended.short_id, schedule=ended.schedule))


def _may(context: Context) -> None:
    if not context.who.may("responder"):
        raise PermissionDenied(
            f"to take over needs the role responder; {context.who.name} has {context.who.role}"
        )


def _schedule(context: Context, word: str) -> str:
    names = {name.casefold(): name for name in context.parts.roster.names}
    found = names.get(word.lstrip("@＠").casefold())
    if found is None:
        known = ", ".join(names.values()) or "-"
        raise context.unable("oncall.unknown", name=word[:60], known=known[:400])
    return found


def _zone(context: Context, schedule: str) -> ZoneInfo:
    settings = context.parts.settings.schedules
    return ZoneInfo(next(s.timezone for s in settings if s.name == schedule))


def _moment(word: str, tz: ZoneInfo) -> datetime | None:
    """A moment on the schedule's wall clock, or with a zone of its own; None when it is none."""
    try:
        read = datetime.fromisoformat(word)
        return instant(read, tz) if read.tzinfo is None else to_utc(read)
    except (ValueError, OverflowError):
        return None


COMMAND = Command("oncall", "/oncall override primary li.wei 2h 我来替班", "viewer", run)
