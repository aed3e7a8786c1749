"""What commands act with. What they ask of the larger rooms is drawn here as protocols."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from core.clock import Clock, utc_now
from core.config.settings import Settings
from core.loop import Loop
from core.model.alert import Alert
from core.model.incident import Incident, SimilarItem
from core.model.notification import Notification
from core.model.upload import Upload
from core.store.database import Database


class FoundItem(Protocol):
    """One result of a search (knowledge.search.SearchItem)."""

    @property
    def kind(self) -> str: ...
    @property
    def id(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def confidence(self) -> Literal["high", "medium", "weak"]: ...
    @property
    def snippet(self) -> str: ...
    @property
    def matched(self) -> str: ...


class Found(Protocol):
    """What a search found, best first (knowledge.search.SearchResult)."""

    @property
    def items(self) -> Sequence[FoundItem]: ...


class Searching(Protocol):
    """knowledge.search.Search."""

    async def search(self, query: str, limit: int = ..., kinds: tuple[str, ...] = ...) -> Found:
        """Articles and incidents near a text."""
        ...


class FindingSimilar(Protocol):
    """knowledge.similar.Similar."""

    async def find(
        self, incident: Incident, alerts: list[Alert], limit: int = ...
    ) -> list[SimilarItem]:
        """Past incidents and articles near an incident."""
        ...


class Knowing(Protocol):
    """knowledge.base.KnowledgeBase."""

    @property
    def search(self) -> Searching: ...
    @property
    def similar(self) -> FindingSimilar: ...


class Cited(Protocol):
    """One passage an answer was made of (knowledge.ask.Citation)."""

    @property
    def n(self) -> int: ...
    @property
    def id(self) -> str: ...
    @property
    def title(self) -> str: ...


class Answer(Protocol):
    """knowledge.ask.AskAnswer."""

    @property
    def answer(self) -> str: ...
    @property
    def citations(self) -> Sequence[Cited]: ...
    @property
    def grounded(self) -> bool: ...
    @property
    def degraded(self) -> bool: ...


class Asking(Protocol):
    """knowledge.ask.Ask."""

    async def ask(self, question: str) -> Answer:
        """Answer from the knowledge base only."""
        ...


class Uploading(Protocol):
    """core.upload.uploads.Uploads."""

    async def request(self, path: str, by: str) -> Upload:
        """Upload a path by hand. PermissionDenied outside the roots, NotFound without a file."""
        ...

    async def retry(self, number: int) -> Upload:
        """Try a failed upload again."""
        ...

    async def retry_failed(self, since: datetime | None) -> Sequence[Upload]:
        """Try again all that failed since a moment."""
        ...


class Sending(Protocol):
    """bot.chat.outbox.Outbox."""

    async def retry(self, number: int) -> Notification:
        """Send a failed or dead notification again."""
        ...

    async def retry_failed(self, since: datetime | None) -> Sequence[Notification]:
        """Send again all that failed since a moment."""
        ...


class Retrying(Protocol):
    """The task queue, as far as commands go (scheduler.tasks.EmbeddedQueue)."""

    async def retry(self, number: int) -> None:
        """Run a failed task again."""
        ...


class Condition(Protocol):
    """How one part of the service does (bot.http.parts.PartStatus)."""

    @property
    def name(self) -> str: ...
    @property
    def ok(self) -> bool: ...
    @property
    def reason(self) -> str: ...


@dataclass(frozen=True, kw_only=True)
class CommandParts:
    """Everything a command may use. ready: the parts of the service with their condition."""

    settings: Settings
    db: Database
    loop: Loop
    kb: Knowing
    ask: Asking
    uploads: Uploading
    queue: Retrying
    outbox: Sending
    ready: Callable[[], Awaitable[Sequence[Condition]]]
    clock: Clock = utc_now
