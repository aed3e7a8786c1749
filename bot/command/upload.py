"""/upload: upload a file by hand, or see the latest uploads."""

from __future__ import annotations

from bot.command.args import Args
from bot.command.command import Command, Context
from bot.command.request import CommandReply
from bot.render.reply.uploads import uploads_page
from core.errors import NotFound, PermissionDenied
from core.store import queries

_SHOWN = 8


async def run(context: Context, args: Args) -> CommandReply:
    """`/upload [PATH]`; a path must lie under a watched directory."""
    path = args.rest()
    if not path:
        latest = await context.read(lambda c: queries.uploads(c, limit=_SHOWN))
        return CommandReply(uploads_page(latest.items, context.reader))
    try:
        upload = await context.parts.uploads.request(path, context.who.name)
    except PermissionDenied as error:
        raise context.unable("upload.outside", path=path[:200]) from error
    except NotFound as error:
        raise context.unable("upload.missing", path=path[:200]) from error
    text = context.say(
        "upload.there" if upload.state == "succeeded" else "upload.done",
        id=upload.short_id,
        path=upload.path[:200],
        target=upload.target,
    )
    return CommandReply(text)


COMMAND = Command("upload", "/upload /data/out/report.csv", "responder", run)
