"""/retry: try again what failed: an upload, a notification, a task, or all that failed lately."""

from __future__ import annotations

from datetime import timedelta

from bot.command.args import Args, Ref
from bot.command.command import Command, Context
from bot.command.request import CommandReply
from bot.render.words import span
from core.errors import Conflict, NotFound

_FAILED = {"failed", "all", "失败", "全部"}
_LATELY = timedelta(days=1)  # older failures are rarely still wanted


async def run(context: Context, args: Args) -> CommandReply:
    """`/retry (UPL-7 | NTF-9 | TSK-4 | failed [DURATION])`."""
    ref = args.ref()
    if ref is not None:
        return CommandReply(await _one(context, ref))
    if args.word().lower() not in _FAILED:
        raise context.usage()
    length = args.span(bare=True) or _LATELY
    since = context.now - length
    uploads = await context.parts.uploads.retry_failed(since)
    notifications = await context.parts.outbox.retry_failed(since)
    key = "retry.failed" if uploads or notifications else "retry.nothing"
    text = context.say(
        key,
        uploads=len(uploads),
        notifications=len(notifications),
        length=span(length, context.language),
    )
    return CommandReply(text)


async def _one(context: Context, ref: Ref) -> str:
    parts = context.parts
    short = f"{ref.kind}-{ref.number}"
    try:
        if ref.kind == "UPL":
            upload = await parts.uploads.retry(ref.number)
            return context.say("retry.upload", id=short, path=upload.path[:200])
        if ref.kind == "NTF":
            notification = await parts.outbox.retry(ref.number)
            return context.say("retry.notification", id=short, channel=notification.channel)
        if ref.kind == "TSK":
            await parts.queue.retry(ref.number)
            return context.say("retry.task", id=short)
    except NotFound as error:
        raise context.unable("retry.missing", id=short) from error
    except Conflict as error:
        raise context.unable("retry.not_failed", id=short) from error
    raise context.usage()


COMMAND = Command("retry", "/retry UPL-7", "responder", run)
