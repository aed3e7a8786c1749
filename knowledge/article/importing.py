"""Import of Markdown: folders and files become published articles, again and again the same.

A file is known by its path, its content by a hash: what has not changed is not touched, what has
becomes a new version. The folder is the master of what came from it; what people edited meanwhile
stays in the history. An article that people archived stays archived.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Literal

import msgspec
from sqlalchemy import Connection, select

from core.errors import InvalidInput, StoreError
from core.store.database import Database
from core.store.locks import Order, in_order
from core.store.queries import ArticleRow
from core.store.rows import from_row
from core.store.schema import article_versions
from core.store.schema import articles as table
from core.text import say
from knowledge.article.articles import Articles
from knowledge.article.draft import BODY_LIMIT, Draft, clean
from knowledge.article.markdown import MarkdownFile, decode, read

SUFFIXES = (".md", ".markdown")
# Files taken at once: their transactions are committed together, which takes about 15 ms.
TOGETHER = 8
Outcome = Literal["created", "changed", "unchanged"]
# files done, files in all
Progress = Callable[[int, int], None]


class Failed(msgspec.Struct, frozen=True):
    """A file that could not be imported, and why."""

    path: str
    reason: str


class ImportReport(msgspec.Struct, frozen=True):
    """What became of each file, by path."""

    created: list[str] = msgspec.field(default_factory=list)
    changed: list[str] = msgspec.field(default_factory=list)
    unchanged: list[str] = msgspec.field(default_factory=list)
    failed: list[Failed] = msgspec.field(default_factory=list)


class Source(msgspec.Struct, frozen=True):
    """A file to import. path: what its article is known by."""

    path: str
    file: Traversable


class _Read(msgspec.Struct, frozen=True):
    """A file as it was read; `content` is clean."""

    content: Draft
    markdown: MarkdownFile
    hash: str


class Importer:
    """Brings files into the base. Each article is a transaction of its own."""

    def __init__(self, db: Database, articles: Articles, language: str = "zh-CN") -> None:
        self._db = db
        self._articles = articles
        self._language = language

    async def folders(
        self,
        paths: Iterable[Path],
        by: str,
        *,
        dry_run: bool = False,
        progress: Progress | None = None,
    ) -> ImportReport:
        """Import files, and folders with everything below them.

        Hidden files, links to folders and files of other kinds are passed over. A path that is
        not there, or no Markdown, is reported as failed.
        """
        report = ImportReport()
        sources, missing = await asyncio.to_thread(_find, list(paths))
        report.failed.extend(missing)
        return await self.sources(sources, by, dry_run=dry_run, progress=progress, report=report)

    async def sources(
        self,
        sources: list[Source],
        by: str,
        *,
        dry_run: bool = False,
        keep_edits: bool = False,
        progress: Progress | None = None,
        report: ImportReport | None = None,
    ) -> ImportReport:
        """Import these. keep_edits: an article that someone else edited since is not touched."""
        report = report if report is not None else ImportReport()
        for at in range(0, len(sources), TOGETHER):
            some = sources[at : at + TOGETHER]
            taken = [self._take(source, by, dry_run, keep_edits) for source in some]
            for source, outcome in zip(some, await asyncio.gather(*taken), strict=True):
                if isinstance(outcome, Failed):
                    report.failed.append(outcome)
                else:
                    getattr(report, outcome).append(source.path)
            if progress is not None:
                progress(at + len(some), len(sources))
        if report.created or report.changed:
            self._articles.on_change()
        return report

    async def _take(
        self, source: Source, by: str, dry_run: bool, keep_edits: bool
    ) -> Outcome | Failed:
        path = source.path
        try:
            found = await asyncio.to_thread(_read, source)
            outcome = await self._db.read(
                lambda c: _compare(c, _of_path(c, path), found, by, keep_edits)
            )
            if dry_run or outcome == "unchanged":
                return outcome
            return await self._db.write(lambda c: self._write(c, path, found, by, keep_edits))
        except (InvalidInput, StoreError) as error:
            return Failed(path, str(error))

    def _write(
        self, connection: Connection, path: str, found: _Read, by: str, keep_edits: bool
    ) -> Outcome:
        in_order(connection, Order.IMPORT)  # two processes may start at one moment
        article = _of_path(connection, path)
        outcome = _compare(connection, article, found, by, keep_edits)
        reason = say("article.imported", self._language, path=path)
        status = found.markdown.status
        if article is None:
            self._articles.insert(
                connection,
                found.content,
                by,
                reason,
                status=status or "published",
                source_path=path,
                content_hash=found.hash,
            )
        elif outcome == "changed":
            self._articles.revise(
                connection, article, found.content, by, reason, content_hash=found.hash
            )
            if status is not None and status != article.status:
                self._articles.set_status(connection, article, status, by, reason)
        return outcome


def _of_path(connection: Connection, path: str) -> ArticleRow | None:
    row = connection.execute(select(table).where(table.c.source_path == path)).first()
    return None if row is None else from_row(ArticleRow, row)


def _compare(
    connection: Connection, article: ArticleRow | None, found: _Read, by: str, keep_edits: bool
) -> Outcome:
    """What importing this file does to the article that came from its path."""
    if article is None:
        return "created"
    known = select(table.c.content_hash).where(table.c.id == article.id)
    if article.status == "archived" or connection.execute(known).scalar() == found.hash:
        return "unchanged"
    author = select(article_versions.c.author).where(
        article_versions.c.article == article.id, article_versions.c.version == article.version
    )
    if keep_edits and connection.execute(author).scalar() != by:
        return "unchanged"
    return "changed"


def _find(paths: list[Path]) -> tuple[list[Source], list[Failed]]:
    """The Markdown files under these paths, each once, in order."""
    found: dict[str, Source] = {}
    failed: list[Failed] = []
    for path in paths:
        if path.is_dir():
            for file in _walk(path):
                found.setdefault(_name(file), Source(_name(file), file))
        elif not path.exists():
            failed.append(Failed(str(path), "there is no such file or folder"))
        elif path.suffix.lower() in SUFFIXES:
            found.setdefault(_name(path), Source(_name(path), path))
        else:
            failed.append(Failed(str(path), f"is not a Markdown file ({', '.join(SUFFIXES)})"))
    return list(found.values()), failed


def _name(path: Path) -> str:
    """The whole path, links resolved: the same file is the same article wherever one stands."""
    return path.resolve().as_posix()


def _walk(folder: Path) -> Iterator[Path]:
    for where, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if not name.startswith(".") and name.lower().endswith(SUFFIXES):
                yield Path(where, name)


def _read(source: Source) -> _Read:
    try:
        with source.file.open("rb") as stream:
            raw = stream.read(BODY_LIMIT + 1)
    except OSError as error:
        raise InvalidInput(f"cannot be read: {error.strerror}") from error
    if len(raw) > BODY_LIMIT:
        raise InvalidInput("is larger than 1 MiB")
    markdown = read(decode(raw), Path(source.file.name).stem)
    return _Read(clean(markdown.draft), markdown, hashlib.sha256(raw).hexdigest())
