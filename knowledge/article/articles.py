"""Articles: draft → reviewing → published → archived, with every version kept.

A change of content appends a version with its author and reason; a step of the review appends to
`article_steps`. Nothing of an article is ever overwritten, so a roll-back is a new version too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, insert, select, update

from core.clock import Clock, utc_now
from core.errors import Conflict, NotFound
from core.redact import redact
from core.store import queries
from core.store.database import Database, next_number
from core.store.queries import ArticleRow, ArticleVersionRow
from core.store.rows import from_row
from core.store.schema import article_steps, article_versions
from core.store.schema import articles as table
from core.text import say
from knowledge.article.draft import Draft, clean, of_version, storable

ArticleStatus = Literal["draft", "reviewing", "published", "archived"]
# Each step: the statuses it may start from, and the one it leads to.
_STEPS: dict[str, tuple[tuple[str, ...], ArticleStatus]] = {
    "submit": (("draft",), "reviewing"),
    "approve": (("reviewing",), "published"),
    "reject": (("reviewing",), "draft"),
    "archive": (("draft", "reviewing", "published"), "archived"),
}


class Articles:
    """What may be done with articles. Every call is one transaction.

    on_change: called in the event loop after each commit. on_publish: awaited after an article
    became published by review. language: of the reasons that the house itself writes.
    """

    def __init__(self, db: Database, clock: Clock = utc_now, language: str = "zh-CN") -> None:
        self._db = db
        self._clock = clock
        self._language = language
        self.on_change: Callable[[], None] = lambda: None
        self.on_publish: Callable[[ArticleRow], Awaitable[None]] | None = None

    async def create(
        self,
        draft: Draft,
        by: str,
        reason: str = "",
        incident: int | None = None,
        source_path: str | None = None,
    ) -> ArticleRow:
        """A new article in status draft. InvalidInput when it has no title or body, or is too
        large; Conflict when another article came from that `source_path`."""
        content = await asyncio.to_thread(clean, draft)

        def work(connection: Connection) -> ArticleRow:
            if source_path is not None:
                same = select(table.c.id).where(table.c.source_path == source_path)
                if (known := connection.execute(same).scalar()) is not None:
                    raise Conflict(f"{known} came from {source_path} already")
            return self.insert(
                connection, content, by, reason, incident=incident, source_path=source_path
            )

        return await self.write(work)

    async def get(self, number: int) -> ArticleRow:
        """`KB-<number>`, or NotFound."""
        found = await self._db.read(lambda c: queries.article(c, number))
        if found is None:
            raise _not_found(number)
        return found

    async def versions(self, number: int) -> list[ArticleVersionRow]:
        """Every version, newest first. NotFound when there is no such article."""
        article = await self.get(number)
        return await self._db.read(lambda c: queries.article_versions_of(c, article.id))

    async def update(
        self,
        number: int,
        draft: Draft,
        by: str,
        reason: str = "",
        expected_version: int | None = None,
    ) -> ArticleRow:
        """A new version with this content; the status stays.

        Conflict when the article is archived, or is not at `expected_version` any more.
        """
        content = await asyncio.to_thread(clean, draft)

        def work(connection: Connection) -> ArticleRow:
            article = _locked(connection, number)
            if expected_version not in (None, article.version):
                raise Conflict(
                    f"{article.id} is at version {article.version}, not {expected_version}; "
                    "read it again and repeat the change on that"
                )
            return self.revise(connection, article, content, by, reason)

        return await self.write(work)

    async def rollback(self, number: int, version: int, by: str) -> ArticleRow:
        """A new version with the content of an old one. NotFound, or Conflict when archived."""

        def work(connection: Connection) -> ArticleRow:
            article = _locked(connection, number)
            row = connection.execute(
                select(article_versions).where(
                    article_versions.c.article == article.id,
                    article_versions.c.version == version,
                )
            ).first()
            if row is None:
                raise NotFound(f"{article.id} has no version {version}")
            content = of_version(from_row(ArticleVersionRow, row))
            reason = say("article.rolled_back", self._language, version=version)
            return self.revise(connection, article, content, by, reason)

        return await self.write(work)

    async def submit(self, number: int, by: str, comment: str = "") -> ArticleRow:
        """draft → reviewing, else Conflict."""
        return await self._step("submit", number, by, comment)

    async def approve(self, number: int, by: str, comment: str = "") -> ArticleRow:
        """reviewing → published, else Conflict. From here on it is found."""
        article = await self._step("approve", number, by, comment)
        if self.on_publish is not None:
            await self.on_publish(article)
        return article

    async def reject(self, number: int, by: str, comment: str = "") -> ArticleRow:
        """reviewing → draft, else Conflict."""
        return await self._step("reject", number, by, comment)

    async def archive(self, number: int, by: str, comment: str = "") -> ArticleRow:
        """Any other status → archived, else Conflict. It is found no more."""
        return await self._step("archive", number, by, comment)

    async def _step(self, step: str, number: int, by: str, comment: str) -> ArticleRow:
        allowed, status = _STEPS[step]

        def work(connection: Connection) -> ArticleRow:
            article = _locked(connection, number)
            if article.status not in allowed:
                raise Conflict(
                    f"{article.id} is {article.status}; only one that is "
                    f"{' or '.join(allowed)} can become {status}"
                )
            return self.set_status(connection, article, status, by, comment)

        return await self.write(work)

    # In a transaction of the caller, for imports and the write-back. `content` is clean.

    async def write(self, work: Callable[[Connection], ArticleRow]) -> ArticleRow:
        """Run `work` in a transaction, then tell that something changed."""
        article = await self._db.write(work)
        self.on_change()
        return article

    def insert(
        self,
        connection: Connection,
        content: Draft,
        by: str,
        reason: str,
        *,
        status: ArticleStatus = "draft",
        incident: int | None = None,
        source_path: str | None = None,
        content_hash: str = "",
    ) -> ArticleRow:
        """Add an article with its first version."""
        now = self._clock()
        number = next_number(connection, "KB")
        values = {
            **_columns(content),
            "id": f"KB-{number}",
            "number": number,
            "status": status,
            "version": 1,
            "source_path": source_path,
            "content_hash": content_hash,
            "incident": incident,
            "created_by": by,
            "created_at": now,
            "updated_at": now,
        }
        connection.execute(insert(table).values(values))
        self._keep_version(connection, f"KB-{number}", 1, content, by, reason)
        return _locked(connection, number)

    def revise(
        self,
        connection: Connection,
        article: ArticleRow,
        content: Draft,
        by: str,
        reason: str,
        *,
        content_hash: str | None = None,
    ) -> ArticleRow:
        """Append a version and make it the present one. Conflict when the article is archived."""
        if article.status == "archived":
            raise Conflict(f"{article.id} is archived and cannot be changed")
        version = article.version + 1
        values = {**_columns(content), "version": version, "updated_at": self._clock()}
        if content_hash is not None:
            values["content_hash"] = content_hash
        connection.execute(update(table).where(table.c.id == article.id).values(values))
        self._keep_version(connection, article.id, version, content, by, reason)
        return _locked(connection, article.number)

    def set_status(
        self,
        connection: Connection,
        article: ArticleRow,
        status: ArticleStatus,
        by: str,
        comment: str,
    ) -> ArticleRow:
        """Change the status and record the step."""
        now = self._clock()
        connection.execute(
            update(table).where(table.c.id == article.id).values(status=status, updated_at=now)
        )
        connection.execute(
            insert(article_steps).values(
                article=article.id,
                version=article.version,
                status=status,
                by=by,
                comment=storable(redact(comment)),
                at=now,
            )
        )
        return _locked(connection, article.number)

    def _keep_version(
        self,
        connection: Connection,
        article: str,
        version: int,
        content: Draft,
        by: str,
        reason: str,
    ) -> None:
        columns = _columns(content)
        connection.execute(
            insert(article_versions).values(
                article=article,
                version=version,
                title=columns.pop("title"),
                body=columns.pop("body"),
                meta=columns,
                author=by,
                reason=storable(redact(reason)),
                at=self._clock(),
            )
        )


def _columns(content: Draft) -> dict[str, Any]:
    columns: dict[str, Any] = msgspec.to_builtins(content)
    return columns


def _locked(connection: Connection, number: int) -> ArticleRow:
    """The article, held against other processes until the transaction ends. NotFound."""
    row = connection.execute(
        select(table).where(table.c.number == number).with_for_update()
    ).first()
    if row is None:
        raise _not_found(number)
    return from_row(ArticleRow, row)


def _not_found(number: int) -> NotFound:
    return NotFound(f"there is no article KB-{number}")
