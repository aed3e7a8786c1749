"""Articles and their versions, as rows; what may be done with them stands in knowledge."""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy import Connection, Row, select

from core.store.queries.paging import (
    DEFAULT_LIMIT,
    EVERYTHING,
    Filter,
    Page,
    between,
    fetch,
    has_labels,
    has_text,
    some,
)
from core.store.rows import from_row
from core.store.schema import article_versions
from core.store.schema import articles as table


class ArticleRow(msgspec.Struct, frozen=True, kw_only=True):
    """An article's present version. incident: the incident a write-back draft came from."""

    id: str
    number: int
    title: str
    body: str
    tags: list[str]
    labels: dict[str, str]
    services: list[str]
    severity: str
    owner: str
    status: str
    version: int
    source_path: str | None = None
    incident: int | None = None
    created_by: str
    created_at: datetime
    updated_at: datetime


class ArticleMeta(msgspec.Struct, frozen=True):
    """What a version keeps beside its title and body."""

    tags: list[str] = []
    labels: dict[str, str] = {}
    services: list[str] = []
    severity: str = ""
    owner: str = ""


class ArticleVersionRow(msgspec.Struct, frozen=True, kw_only=True):
    """One version of an article, who wrote it and why."""

    article: str
    version: int
    title: str
    body: str
    meta: ArticleMeta
    author: str
    reason: str
    at: datetime


def _article(row: Row[tuple[object, ...]]) -> ArticleRow:
    return from_row(ArticleRow, row)


def article(connection: Connection, number: int) -> ArticleRow | None:
    """`KB-<number>`."""
    row = connection.execute(select(table).where(table.c.number == number)).first()
    return None if row is None else from_row(ArticleRow, row)


def articles(
    connection: Connection,
    wanted: Filter = EVERYTHING,
    *,
    limit: int = DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[ArticleRow]:
    """Articles, newest first; since and until are about their last change."""
    where = [
        *some(table.c.status, wanted.status),
        *some(table.c.severity, wanted.severity),
        *between(table.c.updated_at, wanted),
        *has_text(wanted.q, table.c.title, table.c.body, table.c.tags),
        *has_labels(connection, table.c.labels, wanted.labels),
    ]
    return fetch(
        connection, [*table.c], table.c.number, _article, where=where, limit=limit, cursor=cursor
    )


def article_versions_of(connection: Connection, article_id: str) -> list[ArticleVersionRow]:
    """The versions of an article, newest first."""
    query = (
        select(article_versions)
        .where(article_versions.c.article == article_id)
        .order_by(article_versions.c.version.desc())
        .limit(500)
    )
    return [from_row(ArticleVersionRow, row) for row in connection.execute(query)]
