"""An article in the few forms that every chat shows.

Headings become bold lines, code becomes quotes, lists stay lists; bold and code marks in a line
are kept or dropped, a link is shown as its text and address. Whatever else it holds is text: an
article may quote logs, so nothing in it makes a link, an image or a tag.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from bot.render.escape import Markdown, defused, escape
from bot.render.reply.page import listed, page
from bot.render.reply.reader import Reader
from bot.render.words import BREAK, brief, told
from core.store.queries import ArticleRow

_READ = 20_000  # far more than a page shows
_FENCE = re.compile(r"\s{0,3}(?:```|~~~)")
_HEADING = re.compile(r"\s{0,3}#{1,6}\s+(.*)")
_ITEM = re.compile(r"\s*(?:[-*+]|(\d{1,4})[.)])\s+(?:\[[ xX]\]\s+)?(.*)")
_QUOTE = re.compile(r"\s{0,3}>\s?(.*)")
_LAST_BRACKET = re.compile(r"\\\]$")
_INLINE = re.compile(
    r"\*\*(?P<bold>[^*]{1,500})\*\*"
    r"|`(?P<code>[^`]{1,500})`"
    r"|!?\[(?P<text>[^\[\]]{0,500})\]\((?P<address>[^()\s]{1,1000})\)"
)


def article_page(article: ArticleRow, others: Sequence[str], reader: Reader) -> Markdown:
    """An article. others: ids with titles that were found beside it, already escaped."""
    language = reader.language
    status = told(f"render.article.{article.status}", language)
    facts = told(
        "render.article.facts", language, status=status, version=article.version,
        tags=brief(", ".join(article.tags) or "-", 120, language),
    )  # fmt: skip
    return page(
        [
            f"#### {article_id(article)} {brief(article.title, 160, language)}",
            facts,
            told("render.article.others", language) if others else "",
            listed(others) if others else "",
            *article_blocks(article.body),
        ],
        language,
    )


def article_id(article: ArticleRow) -> str:
    """`KB-7`."""
    return f"KB-{article.number}"


def article_blocks(body: str) -> list[Markdown]:
    """The blocks of an article's body: runs of lines of one kind."""
    blocks: list[Markdown] = []
    last = ""
    for kind, line in _lines(body[:_READ]):
        if kind == "item" and last == "item":
            blocks[-1] = Markdown(f"{blocks[-1]}\n{line}")
        elif kind == last and kind in {"quote", "text"}:
            mark = "> " if kind == "quote" else ""
            blocks[-1] = Markdown(f"{blocks[-1]}{BREAK}{mark}{line.removeprefix('> ')}")
        elif kind:
            blocks.append(line)
        last = kind
    return [block for block in blocks if block]


def _lines(body: str) -> Iterator[tuple[str, Markdown]]:
    """Each line with its kind: heading, item, quote, text, or empty at the end of a block."""
    fenced = False
    for raw in body.splitlines():
        if _FENCE.match(raw):
            fenced = not fenced
            yield "", Markdown()
        elif not raw.strip():
            yield "", Markdown()
        elif fenced:
            yield "quote", Markdown(f"> {escape(raw)}")
        elif found := _HEADING.match(raw):
            yield "heading", Markdown(_bold(found[1].rstrip(" #")))
        elif found := _ITEM.match(raw):
            mark = f"{found[1]}." if found[1] else "-"
            yield "item", Markdown(f"{mark} {_inline(found[2])}")
        elif found := _QUOTE.match(raw):
            yield "quote", Markdown(f"> {_inline(found[1])}")
        else:
            yield "text", _inline(raw)


def _inline(text: str) -> Markdown:
    """One line's marks: bold stays, code and links become their text."""
    parts: list[str] = []
    at = 0
    for found in _INLINE.finditer(text):
        parts.append(_piece(text[at : found.start()]))
        if found["bold"]:
            parts.append(_bold(found["bold"]))
        elif found["code"]:
            parts.append(_piece(found["code"]))
        else:
            parts.append(_piece(f"{found['text']} {found['address']} "))
        at = found.end()
    parts.append(_piece(text[at:]))
    # Pieces that were apart until their marks went may mean something together.
    joined = defused("".join(parts).strip()).replace("](", "]\\(")
    # A bracket at the line's end makes no link, and answers end with `[1]`.
    return Markdown(_LAST_BRACKET.sub("]", joined))


def _bold(text: str) -> str:
    shown = escape(text)
    return f"**{shown}**" if shown else ""


def _piece(text: str) -> str:
    """A part of a line: escaped, with the spaces at its ends, which part it from its neighbours."""
    left = " " if text[:1].isspace() else ""
    right = " " if text[-1:].isspace() and text.strip() else ""
    return f"{left}{escape(text)}{right}"
