"""The knowledge base to read: what waits for review first, one article at a time."""

from __future__ import annotations

import asyncio

import msgspec
from aiohttp import web
from markupsafe import Markup
from sqlalchemy import Connection

from bot.chat.web.markdown import to_html
from bot.console.page import Pages, words_for_scripts
from bot.http.parts import HttpParts
from core.errors import NotFound
from core.ids import parse_short_id
from core.model.audit import Principal
from core.model.event import RANK
from core.store import queries
from core.store.queries import ArticleRow, Filter
from core.text import say

PAGE = 100
MAX_QUERY = 200
# A status, in the order people read them; the steps from it, and the colour of its mark.
_STEPS: dict[str, tuple[str, ...]] = {
    "draft": ("submit", "archive"),
    "reviewing": ("approve", "reject"),
    "published": ("archive",),
    "archived": (),
}
_TONES = {"draft": "warning", "reviewing": "info", "published": "resolved"}


class Group(msgspec.Struct, frozen=True):
    """The articles of one status, newest first; more: there are others."""

    status: str
    rows: list[ArticleRow]
    more: bool


class ArticlePages:
    """`/articles` and `/articles/KB-1`."""

    def __init__(self, parts: HttpParts, pages: Pages) -> None:
        self._settings = parts.settings
        self._db = parts.db
        self._pages = pages

    async def list(self, request: web.Request, who: Principal, csrf: str) -> web.Response:
        """Every article by status; `?q=` narrows it down."""
        q = "".join(c for c in request.query.get("q", "") if c.isprintable())[:MAX_QUERY].strip()
        groups = await self._db.read(lambda c: [_group(c, status, q) for status in _STEPS])
        return self._pages.render(
            request, "articles.html", here="articles", who=who, csrf=csrf, groups=groups, q=q
        )

    async def one(self, request: web.Request, who: Principal, csrf: str) -> web.Response:
        """One article, with what may be done next."""
        language = self._pages.language(request)
        number = parse_short_id(request.match_info["id"], "KB")
        row = None
        if number is not None:
            row = await self._db.read(lambda c: queries.article(c, number))
        if row is None:
            raise NotFound(say("console.no_article", language))
        html = await asyncio.to_thread(to_html, row.body, 2)
        return self._pages.render(
            request,
            "article.html",
            here="articles",
            who=who,
            csrf=csrf,
            row=row,
            html=Markup(html),
            steps=_STEPS.get(row.status, ()),
            severity=say(f"render.severity.{row.severity}", language)
            if row.severity in RANK
            else row.severity,
            tone=_TONES.get(row.status, ""),
            may_edit=who.may("editor"),
            page={"words": words_for_scripts(language)},
        )


def _group(connection: Connection, status: str, q: str) -> Group:
    page = queries.articles(connection, Filter(status=(status,), q=q), limit=PAGE)
    return Group(status, page.items, page.next_cursor is not None)
