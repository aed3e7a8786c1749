"""A page: blocks of markdown under one another, bounded by what a phone shows."""

from __future__ import annotations

from collections.abc import Iterable

from bot.render.escape import Markdown
from bot.render.pack import LIMIT
from bot.render.words import told


def page(blocks: Iterable[str], language: str) -> Markdown:
    """Blocks with an empty line between them, in fewer than 3,000 characters.

    What does not fit is cut at the end of a line, and said to be. Empty blocks are left out.
    """
    text = "\n\n".join(block for block in blocks if block)
    if len(text) < LIMIT:
        return Markdown(text)
    mark = told("render.cut_page", language)
    kept = text[: LIMIT - len(mark) - 3]
    # At a line's end no escape, bold or link is cut in two.
    kept = kept[: max(kept.rfind("\n"), 0)].rstrip()
    return Markdown(f"{kept}\n\n{mark}")


def listed(entries: Iterable[str]) -> Markdown:
    """Entries as a list, each perhaps of several lines (`BREAK` between them)."""
    return Markdown("\n".join(f"- {entry}" for entry in entries))
