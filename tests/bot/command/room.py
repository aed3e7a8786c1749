"""A room with the real parts behind it: what happens outside, and what people type."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bot.audit import Audit
from bot.chat.outbox import Outbox
from bot.command.dispatcher import Dispatcher
from bot.command.parts import CommandParts
from bot.command.request import CommandReply, CommandRequest
from bot.http.parts import PartStatus
from core.clock import utc_now
from core.config.load import parse_settings
from core.decide.policy import make_policy
from core.loop import Loop
from core.model.audit import AuditEntry, Principal, Role
from core.model.event import Event
from core.model.incident import Incident
from core.oncall.roster import Roster
from core.store import Database, Journal, queries
from core.upload.uploads import Uploads
from knowledge.ask import Ask
from knowledge.base import KnowledgeBase
from scheduler.tasks import EmbeddedQueue

SETTINGS: dict[str, Any] = {
    "channels": [{"name": "room", "type": "web"}],
    "receivers": [{"name": "r", "channels": ["room"]}],
    "route": {"receiver": "r", "group_by": ["alertname"], "group_wait": "0s"},
    "people": [
        {"name": "li.wei", "role": "responder"},
        {"name": "wang.fang", "role": "viewer"},
    ],
    "inhibit": [
        {"source": ['alertname="HostDown"'], "target": ['alertname="DiskFull"'], "equal": ["host"]}
    ],
}


class Room:
    """Start it with `open_room`. `happens` is the outside, `say` is a person."""

    def __init__(self, db: Database, journal: Journal, folder: Path, **settings: Any) -> None:
        self.db = db
        self.journal = journal
        watched = folder / "watched"
        watched.mkdir()
        found = parse_settings(
            {
                **SETTINGS,
                "data_dir": str(folder / "data"),
                "targets": [{"name": "disk", "type": "local", "path": str(folder / "objects")}],
                "files": [{"name": "reports", "watch_dir": [str(watched)], "target": "disk"}],
                **settings,
            }
        )
        self.watched = watched
        self.queue = EmbeddedQueue(db)
        self.loop = Loop(make_policy(found), db, journal, self.queue, lambda event: [])
        self.kb = KnowledgeBase(found, db, folder / "data")
        self.uploads = Uploads(found, db, self.queue, self._report)
        for kind in self.uploads.task_kinds():
            self.queue.register(kind)
        roster = Roster(found, db)
        self.outbox = Outbox(db, self.queue, {}, {}, _enriched, found.language, call=roster.called)
        self.shift = timedelta(0)
        self.parts = [PartStatus("decide", True), PartStatus("knowledge", False, "loading")]
        self.dispatcher = Dispatcher(
            CommandParts(
                settings=found,
                db=db,
                loop=self.loop,
                kb=self.kb,
                ask=Ask(found, self.kb.search, db, None),
                uploads=self.uploads,
                queue=self.queue,
                outbox=self.outbox,
                roster=roster,
                ready=self._ready,
                clock=lambda: utc_now() + self.shift,
            ),
            Audit(db),
        )

    async def _ready(self) -> list[PartStatus]:
        return self.parts

    async def _report(self, event: Event) -> None:
        await self.journal.append(event.source, [event])

    async def happens(self, name: str, status: Any = "firing", **more: Any) -> None:
        """An alert fires or clears; summary and at are its own, the rest are labels."""
        at: datetime = more.pop("at", utc_now())
        summary = more.pop("summary", f"{name} on {more.get('host', '?')}")
        event = Event("api", at, {"alertname": name, **more}, {"summary": summary}, status=status)
        await self.journal.append("api", [event])
        await self.loop.settled()

    async def reply(
        self,
        text: str,
        name: str = "li.wei",
        role: Role | None = "responder",
        language: str = "zh-CN",
        conversation: str = "room",
    ) -> CommandReply:
        """What the bot answers."""
        who = Principal(name, role, "web")
        request = CommandRequest(text, who, language, conversation, channel=conversation)
        return await self.dispatcher.run(request)

    async def say(self, text: str, *args: Any, **kwargs: Any) -> str:
        """The text of what the bot answers."""
        return (await self.reply(text, *args, **kwargs)).text

    async def incident(self, number: int) -> Incident:
        """INC-<number>, as it is stored."""
        found = await self.db.read(lambda c: queries.incident(c, number))
        assert found is not None
        return found

    async def audit(self) -> list[AuditEntry]:
        """What was done, newest first."""
        return (await self.db.read(lambda c: queries.audit_entries(c))).items


async def _enriched(_incident: int, _timeout: float) -> None:
    return


@asynccontextmanager
async def open_room(
    db: Database, journal: Journal, folder: Path, **settings: Any
) -> AsyncIterator[Room]:
    """A room whose loop runs. The knowledge base is started by those who need it."""
    room = Room(db, journal, folder, **settings)
    await room.loop.start()
    try:
        yield room
    finally:
        await room.loop.stop()
