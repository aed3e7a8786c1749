"""KnowledgeBase: the room as a whole, for those who build and ask it."""

from __future__ import annotations

import asyncio
from importlib import resources
from pathlib import Path

import structlog

from core.clock import Clock, utc_now
from core.config.settings import Settings
from core.errors import TocsinError
from core.store.database import Database
from core.text import say
from knowledge.article.articles import Articles
from knowledge.article.importing import Importer, ImportReport, Source
from knowledge.article.writeback import AUTHOR, Writeback
from knowledge.embed.embedder import make_embedder
from knowledge.embed.encoder import Encoder
from knowledge.index.live import LiveIndex
from knowledge.search import Search
from knowledge.similar import Similar

log = structlog.get_logger(__name__)


class KnowledgeBase:
    """Articles, and everything found in them and in past incidents.

    data_dir: where the embedder may keep a cache; the index itself is built from the store.
    Raises ConfigError when the configured embedder cannot be had.
    """

    def __init__(
        self, settings: Settings, db: Database, data_dir: Path, clock: Clock = utc_now
    ) -> None:
        knowledge, language = settings.knowledge, settings.language
        self._settings = knowledge
        self._language = language
        self._index = LiveIndex(db, Encoder(make_embedder(settings, data_dir / "cache")), clock)
        self.articles = Articles(db, clock, language)
        self.articles.on_change = self._index.wake
        self.importer = Importer(db, self.articles, language)
        self.search = Search(self._index, knowledge.min_score, language)
        self.similar = Similar(self._index, knowledge.min_score, language)
        self.writeback = Writeback(settings, db, self.articles)
        self._importing: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to import and to load in the background; returns at once."""
        self._index.start()
        self._importing = asyncio.create_task(self._import(), name="knowledge-import")

    async def stop(self) -> None:
        """End the background work; a file that is being imported is finished."""
        if self._importing is not None:
            self._importing.cancel()
            await asyncio.gather(self._importing, return_exceptions=True)
        await self._index.stop()

    async def ready(self) -> None:
        """Wait until the configured folders are imported and everything is found."""
        if self._importing is not None:
            await asyncio.wait([self._importing])
        await self._index.settled()

    @property
    def status(self) -> str:
        """How it does, in the service's language."""
        index = self._index
        documents, passages, waiting = index.counts
        if index.error:
            return self._say("failing", error=index.error)
        if not index.loaded:
            return self._say("loading")
        if index.encoder.error:
            return self._say("words_only", documents=documents, error=index.encoder.error)
        if waiting:
            return self._say("embedding", documents=documents, waiting=waiting)
        return self._say("ready", documents=documents, passages=passages)

    async def _import(self) -> None:
        """The starter runbooks, then the configured folders."""
        try:
            if self._settings.starter:
                starter = await asyncio.to_thread(_starter)
                _tell("starter", await self.importer.sources(starter, AUTHOR, keep_edits=True))
            if self._settings.imports:
                folders = [Path(folder) for folder in self._settings.imports]
                _tell("folders", await self.importer.folders(folders, AUTHOR))
        except TocsinError as error:
            log.error("knowledge_import_failed", why=str(error))

    def _say(self, key: str, **values: object) -> str:
        return say(f"knowledge.{key}", self._language, **values)


def _starter() -> list[Source]:
    """The runbooks that are shipped with the package."""
    folder = resources.files("knowledge").joinpath("starter")
    files = sorted(
        (f for f in folder.iterdir() if f.name.endswith(".md")), key=lambda file: file.name
    )
    return [Source(f"starter/{file.name}", file) for file in files]


def _tell(what: str, report: ImportReport) -> None:
    for failed in report.failed:
        log.warning("article_not_imported", path=failed.path, why=failed.reason)
    log.info(
        "knowledge_imported",
        what=what,
        created=len(report.created),
        changed=len(report.changed),
        unchanged=len(report.unchanged),
        failed=len(report.failed),
    )
