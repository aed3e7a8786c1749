"""Uploads, one a line."""

from __future__ import annotations

from collections.abc import Sequence

from bot.render import words
from bot.render.escape import Markdown
from bot.render.reply.page import listed, page
from bot.render.reply.reader import Reader
from bot.render.words import BREAK, brief, told
from core.model.upload import Upload

_ICONS = {"succeeded": "✅", "failed": "❌"}


def uploads_page(uploads: Sequence[Upload], reader: Reader) -> Markdown:
    """The newest uploads."""
    language = reader.language
    if not uploads:
        return told("render.uploads.none", language)
    head = told("render.uploads.head", language)
    return page([head, listed(upload_line(u, reader) for u in uploads)], language)


def upload_line(upload: Upload, reader: Reader) -> Markdown:
    """The file, how it stands, and what went wrong."""
    language = reader.language
    line = told(
        "render.uploads.line",
        language,
        icon=_ICONS.get(upload.state, "⏳"),
        id=upload.short_id,
        path=brief(upload.path, 160, language),
        state=words.state(upload.state, language),
        target=upload.target,
        at=words.moment(upload.updated_at, reader.tz),
    )
    if not upload.error:
        return line
    return Markdown(f"{line}{BREAK}{brief(upload.error, 160, language)}")
