"""What commands act with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.chat.outbox import Outbox
from bot.render.reply.status import Condition
from core.clock import Clock, utc_now
from core.config.settings import Settings
from core.loop import Loop
from core.oncall.roster import Roster
from core.store.database import Database
from core.upload.uploads import Uploads
from knowledge.ask import Ask
from knowledge.base import KnowledgeBase


class Retrying(Protocol):
    """The task queue, as far as commands go; whichever engine runs it."""

    async def retry(self, number: int) -> None:
        """Run a failed task again. NotFound, or Conflict when it has not failed."""
        ...


@dataclass(frozen=True, kw_only=True)
class CommandParts:
    """Everything a command may use. ready: the parts of the service with their condition."""

    settings: Settings
    db: Database
    loop: Loop
    kb: KnowledgeBase
    ask: Ask
    uploads: Uploads
    queue: Retrying
    outbox: Outbox
    roster: Roster
    ready: Callable[[], Awaitable[Sequence[Condition]]]
    clock: Clock = utc_now
