"""The answer to a question, with the passages it was made of."""

from __future__ import annotations

from bot.render.escape import Markdown
from bot.render.reply.article import article_blocks
from bot.render.reply.page import listed, page
from bot.render.reply.reader import Reader
from bot.render.words import brief, told
from knowledge.ask import AskAnswer


def answer_page(found: AskAnswer, reader: Reader) -> Markdown:
    """The answer, then its sources by the numbers that stand in it, then how far to trust it."""
    language = reader.language
    note = ""
    if not found.grounded:
        note = told("render.answer.ungrounded", language)
    elif found.degraded:
        note = told("render.answer.extract", language)
    sources = [f"[{c.n}] {c.id} {brief(c.title, 100, language, c.id)}" for c in found.citations]
    return page(
        [
            *article_blocks(found.answer),
            told("render.answer.sources", language) if sources else "",
            listed(sources) if sources else "",
            note,
        ],
        language,
    )
