"""What resembles an incident, and what a search found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot.render import words
from bot.render.escape import Markdown
from bot.render.message import similar_entry
from bot.render.reply.page import listed, page
from bot.render.reply.reader import Reader
from bot.render.words import BREAK, brief, told, unmarked
from core.model.incident import Incident, SimilarItem
from knowledge.search import SearchItem


def similar_list(items: Iterable[SimilarItem], language: str) -> Markdown:
    """Each with how sure it is, what fixed it, and why it was found."""
    lines = []
    for item in items:
        entry = similar_entry(item, language)
        why = told("render.found.why", language, why=item.matched[:120]) if item.matched else ""
        lines.append(_entry(entry.id, entry.title, entry.confidence, entry.fix, why))
    return listed(lines)


def similar_page(incident: Incident, items: Sequence[SimilarItem], reader: Reader) -> Markdown:
    """What resembles an incident."""
    language = reader.language
    if not items:
        return told("render.similar.none", language, id=incident.short_id)
    head = told(
        "render.similar.of",
        language,
        id=incident.short_id,
        title=brief(incident.title, 100, language),
    )
    return page([head, similar_list(items, language)], language)


def found_page(query: str, items: Sequence[SearchItem], reader: Reader) -> Markdown:
    """The results of a search."""
    language = reader.language
    asked = brief(query, 80, language)
    if not items:
        return told("render.found.none", language, query=asked)
    lines = [
        _entry(
            item.id,
            brief(item.title, 100, language, item.id),
            words.confidence(item.confidence, language),
            brief(unmarked(item.snippet), 220, language, item.id),
            told("render.found.why", language, why=item.matched[:120]) if item.matched else "",
        )
        for item in items
    ]
    return page([told("render.found.head", language, query=asked), listed(lines)], language)


def _entry(item_id: str, title: str, confidence: str, text: str, why: str) -> Markdown:
    lines = [f"{item_id} **{title}** ({confidence})", text, why]
    return Markdown(BREAK.join(line for line in lines if line))
