"""The answer to a question, with the passages it was made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from bot.render.escape import Markdown
from bot.render.reply.article import article_blocks
from bot.render.reply.page import listed, page
from bot.render.reply.reader import Reader
from bot.render.words import brief, told


class Cited(Protocol):
    """A passage with the number that the answer calls it by."""

    @property
    def n(self) -> int: ...
    @property
    def id(self) -> str: ...
    @property
    def title(self) -> str: ...


def answer_page(
    answer: str, citations: Sequence[Cited], *, grounded: bool, degraded: bool, reader: Reader
) -> Markdown:
    """grounded: passages support it; degraded: no model wrote it, it is made of passages."""
    language = reader.language
    note = ""
    if not grounded:
        note = told("render.answer.ungrounded", language)
    elif degraded:
        note = told("render.answer.extract", language)
    sources = [f"{c.n} {c.id} {brief(c.title, 100, language, c.id)}" for c in citations]
    return page(
        [
            *article_blocks(answer),
            told("render.answer.sources", language) if sources else "",
            listed(sources) if sources else "",
            note,
        ],
        language,
    )
