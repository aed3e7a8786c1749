"""Articles: written, reviewed, kept in versions.

`ETag` is the version; a PUT with `If-Match` (412) or with `version` in its body (409) is refused
when someone else was faster.
"""

from __future__ import annotations

import re
from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import Meta
from sqlalchemy import Connection

from bot.http.listing import SEVERITIES, Listing
from bot.http.route import Call, Handler, Route, respond
from bot.http.views import Comment, Moment, PageOf, page_of
from core.clock import iso
from core.ids import short_id
from core.redact import redact
from core.store import queries
from core.store.queries import ArticleRow, ArticleVersionRow, Page
from knowledge.article.articles import Articles
from knowledge.article.draft import Draft

LISTING = Listing(
    statuses=("draft", "reviewing", "published", "archived"), severities=SEVERITIES, labels=True
)
_TAG = re.compile(r'(?:W/)?"(\d{1,9})"')
Version = Annotated[int, Meta(ge=1, le=10**9)]


class NewArticle(Draft, frozen=True, kw_only=True):
    """An article to be made. reason: why, for its history."""

    reason: Comment = ""


class ChangedArticle(NewArticle, frozen=True, kw_only=True):
    """An article's whole new content. version: the one it was made from."""

    version: Version | None = None


class Remark(msgspec.Struct, frozen=True):
    """What a reviewer or an author says to a step."""

    comment: Comment = ""


class Rollback(msgspec.Struct, frozen=True):
    """The version to go back to; that makes a new one."""

    version: Version


class ArticleSummary(msgspec.Struct, frozen=True, kw_only=True):
    """An article in a list, without its body. incident: the one it was drafted from."""

    id: str
    title: str
    tags: list[str]
    labels: dict[str, str]
    services: list[str]
    severity: str
    owner: str
    status: str
    version: int
    source_path: str | None
    incident: str | None
    created_by: str
    created_at: Moment
    updated_at: Moment


class ArticleView(ArticleSummary, frozen=True, kw_only=True):
    """An article as it stands. body: Markdown."""

    body: str


class VersionView(msgspec.Struct, frozen=True):
    """One version of an article."""

    version: int
    title: str
    body: str
    tags: list[str]
    labels: dict[str, str]
    services: list[str]
    severity: str
    owner: str
    author: str
    reason: str
    at: Moment


class Versions(msgspec.Struct, frozen=True):
    """Every version, newest first."""

    items: list[VersionView]


def article_summary(row: ArticleRow) -> ArticleSummary:
    """An article as a list shows it."""
    return ArticleSummary(
        id=row.id,
        title=row.title,
        tags=row.tags,
        labels=row.labels,
        services=row.services,
        severity=row.severity,
        owner=row.owner,
        status=row.status,
        version=row.version,
        source_path=row.source_path,
        incident=short_id("INC", row.incident) if row.incident else None,
        created_by=row.created_by,
        created_at=iso(row.created_at) or "",
        updated_at=iso(row.updated_at) or "",
    )


def article_view(row: ArticleRow) -> ArticleView:
    """An article as outsiders read it."""
    return ArticleView(**msgspec.structs.asdict(article_summary(row)), body=row.body)


def _version_view(row: ArticleVersionRow) -> VersionView:
    meta = row.meta
    return VersionView(
        version=row.version,
        title=row.title,
        body=row.body,
        tags=meta.tags,
        labels=meta.labels,
        services=meta.services,
        severity=meta.severity,
        owner=meta.owner,
        author=row.author,
        reason=row.reason,
        at=iso(row.at) or "",
    )


def _answer(row: ArticleRow, status: int = 200) -> web.StreamResponse:
    response = respond(article_view(row), status)
    response.headers["ETag"] = f'"{row.version}"'
    if status == 201:
        response.headers["Location"] = f"/api/v1/articles/{row.id}"
    return response


async def _list(call: Call) -> PageOf[ArticleSummary]:
    asked = call.asked(LISTING)

    def work(connection: Connection) -> Page[ArticleRow]:
        return queries.articles(connection, asked.wanted, limit=asked.limit, cursor=asked.cursor)

    return page_of(await call.parts.db.read(work), article_summary)


async def _one(call: Call) -> web.StreamResponse:
    row = await call.parts.kb.articles.get(call.number("KB"))
    if call.request.headers.get("If-None-Match") == f'"{row.version}"':
        return web.Response(status=304, headers={"ETag": f'"{row.version}"'})
    return _answer(row)


async def _create(call: Call) -> web.StreamResponse:
    new = await call.body(NewArticle)
    row = await call.parts.kb.articles.create(new, call.who.name, redact(new.reason))
    call.on = row.id
    return _answer(row, 201)


async def _update(call: Call) -> web.StreamResponse:
    number = call.number("KB")
    changed = await call.body(ChangedArticle)
    articles = call.parts.kb.articles
    wanted = await _if_match(call, articles, number)
    row = await articles.update(
        number,
        changed,
        call.who.name,
        redact(changed.reason),
        expected_version=changed.version if wanted is None else wanted,
    )
    return _answer(row)


async def _if_match(call: Call, articles: Articles, number: int) -> int | None:
    """The version that If-Match asks for. 412 when the article has another one."""
    header = call.request.headers.get("If-Match")
    if header is None or header.strip() == "*":
        return None
    version = (await articles.get(number)).version
    if str(version) not in _TAG.findall(header):
        raise web.HTTPPreconditionFailed(text=f"the article is at version {version} by now")
    return version


async def _versions(call: Call) -> Versions:
    row = await call.parts.kb.articles.get(call.number("KB"))
    rows = await call.parts.db.read(lambda c: queries.article_versions_of(c, row.id))
    return Versions([_version_view(version) for version in rows])


def _reviewing(verb: str) -> Handler:
    async def handler(call: Call) -> web.StreamResponse:
        number = call.number("KB")
        remark = await call.body_or(Remark())
        articles = call.parts.kb.articles
        steps = {
            "submit": articles.submit,
            "approve": articles.approve,
            "reject": articles.reject,
            "archive": articles.archive,
        }
        return _answer(await steps[verb](number, call.who.name, redact(remark.comment)))

    return handler


async def _rollback(call: Call) -> web.StreamResponse:
    number = call.number("KB")
    back = await call.body(Rollback)
    return _answer(await call.parts.kb.articles.rollback(number, back.version, call.who.name))


def _review(verb: str) -> Route:
    return Route(
        method="POST",
        path=f"/api/v1/articles/{{id}}/{verb}",
        handler=_reviewing(verb),
        key=f"articles.{verb}",
        role="editor",
        action=f"article.{verb}",
        body=Remark,
        body_optional=True,
        answer=ArticleView,
    )


ROUTES = (
    Route(
        method="GET",
        path="/api/v1/articles",
        handler=_list,
        key="articles.list",
        listing=LISTING,
        answer=PageOf[ArticleSummary],
    ),
    Route(
        method="POST",
        path="/api/v1/articles",
        handler=_create,
        key="articles.create",
        role="editor",
        action="article.create",
        body=NewArticle,
        answer=ArticleView,
        status=201,
    ),
    Route(
        method="GET",
        path="/api/v1/articles/{id}",
        handler=_one,
        key="articles.one",
        answer=ArticleView,
    ),
    Route(
        method="PUT",
        path="/api/v1/articles/{id}",
        handler=_update,
        key="articles.update",
        role="editor",
        action="article.update",
        body=ChangedArticle,
        answer=ArticleView,
        refuses=(412,),
    ),
    Route(
        method="GET",
        path="/api/v1/articles/{id}/versions",
        handler=_versions,
        key="articles.versions",
        answer=Versions,
    ),
    _review("submit"),
    _review("approve"),
    _review("reject"),
    _review("archive"),
    Route(
        method="POST",
        path="/api/v1/articles/{id}/rollback",
        handler=_rollback,
        key="articles.rollback",
        role="editor",
        action="article.rollback",
        body=Rollback,
        answer=ArticleView,
    ),
)
