"""What the HTTP room is handed: the parts of the house, as it sees them.

Where it needs only a little of another room, that little is drawn here as a Protocol.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import msgspec

from bot.audit import Audit
from bot.chat.web.log import RoomLog
from bot.http.auth import Auth
from bot.http.stream import Feed
from core.clock import Clock, utc_now
from core.config.settings import Settings
from core.decide.signal import Evaluate
from core.loop import Loop
from core.model.incident import SimilarItem
from core.model.notification import Notification
from core.model.upload import Upload
from core.store import Database, Journal
from core.store.queries import ArticleRow
from knowledge.analysis.model import Analysis


class PartStatus(msgspec.Struct, frozen=True):
    """One part on /readyz. reason: why it is not, or what it is doing; for people."""

    name: str
    ok: bool
    reason: str = ""


class Articles(Protocol):
    """knowledge.article.articles.Articles."""

    async def create(
        self,
        draft: Any,
        by: str,
        reason: str = "",
        incident: int | None = None,
        source_path: str | None = None,
    ) -> ArticleRow: ...
    async def get(self, number: int) -> ArticleRow: ...
    async def update(
        self,
        number: int,
        draft: Any,
        by: str,
        reason: str = "",
        expected_version: int | None = None,
    ) -> ArticleRow: ...
    async def submit(self, number: int, by: str, comment: str = "") -> ArticleRow: ...
    async def approve(self, number: int, by: str, comment: str = "") -> ArticleRow: ...
    async def reject(self, number: int, by: str, comment: str = "") -> ArticleRow: ...
    async def archive(self, number: int, by: str, comment: str = "") -> ArticleRow: ...
    async def rollback(self, number: int, version: int, by: str) -> ArticleRow: ...


class Search(Protocol):
    """knowledge.search.Search."""

    async def search(self, query: str, limit: int = 10, kinds: tuple[str, ...] = ...) -> Any: ...


class Knowledge(Protocol):
    """knowledge.base.KnowledgeBase."""

    @property
    def articles(self) -> Articles: ...
    @property
    def search(self) -> Search: ...


class Asking(Protocol):
    """knowledge.ask.Ask."""

    async def ask(self, question: str) -> Any: ...


class Analysing(Protocol):
    """knowledge.analysis.analyst.Analyst."""

    async def incident(
        self, number: int, similar: list[SimilarItem], *, model: bool = True
    ) -> Analysis: ...
    async def text(self, text: str) -> Analysis: ...


class Uploading(Protocol):
    """core.upload.uploads.Uploads."""

    async def request(self, path: str, by: str) -> Upload: ...
    async def retry(self, number: int) -> Upload: ...
    async def cancel(self, number: int) -> Upload: ...


class Resending(Protocol):
    """bot.chat.outbox.Outbox."""

    async def retry(self, number: int) -> Notification: ...
    async def retry_failed(self, since: datetime | None) -> Sequence[Notification]: ...


class Commanding(Protocol):
    """bot.command.dispatcher.Dispatcher; the web room runs what people type through it."""

    async def run(self, request: Any) -> Any: ...
    def told(self, channel: str, incident: int) -> None: ...


async def _nothing() -> None:
    return


@dataclass(frozen=True, kw_only=True)
class HttpParts:
    """Everything a route may use. journal_db: where the journal's tables are (rejected events).

    web_log: the lines of the built-in rooms, the same one that their channels write to.
    """

    settings: Settings
    db: Database
    journal: Journal
    journal_db: Database
    loop: Loop
    evaluate: Evaluate
    kb: Knowledge
    ask: Asking
    analyst: Analysing
    uploads: Uploading
    outbox: Resending
    dispatcher: Commanding
    web_log: RoomLog
    audit: Audit
    auth: Auth
    ready: Callable[[], Awaitable[list[PartStatus]]]
    measure: Callable[[], Awaitable[None]] = _nothing
    feed: Feed = field(default_factory=Feed)
    clock: Clock = utc_now
