"""Enrichment: what an incident means and what resembles it, found beside the group wait.

Similar items and the rule-based analysis are there within milliseconds and go into the first
message; the model's analysis follows and, where the first message is out already, is told in one
reply of the lowest priority.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import Callable
from functools import partial

import msgspec
import structlog
from sqlalchemy import Connection, delete, exists, insert, select

from core.clock import Clock, utc_now
from core.decide.telling import Payload
from core.errors import TocsinError
from core.ids import uuid7
from core.model.incident import Incident, SimilarItem
from core.model.notification import Notification
from core.store import queries, schema
from core.store.database import Database
from core.task import Task, TaskCanceled, TaskKind
from knowledge.analysis.analyst import Analyst
from knowledge.base import KnowledgeBase

log = structlog.get_logger(__name__)
ENRICH, WRITEBACK = "enrich", "writeback"
SIMILAR = 2
REMEMBERED = 10_000  # incidents
LOADING = 3.0  # seconds
_encode = msgspec.json.Encoder().encode


class Enrichment:
    """Handles the tasks `enrich` and `writeback` that decisions ask for."""

    def __init__(
        self,
        db: Database,
        kb: KnowledgeBase,
        analyst: Analyst,
        *,
        model: bool,
        can_reply: frozenset[str],
        notify: Callable[[Connection, Notification], None],
        changed: Callable[[int], None],
        clock: Clock = utc_now,
    ) -> None:
        """model: whether a language model is configured. can_reply: channels that a late
        analysis is told to. notify: puts a notification into the outbox. changed: told the number
        of each incident that has something new to show."""
        self._db = db
        self._kb = kb
        self._analyst = analyst
        self._model = model
        self._can_reply = can_reply
        self._notify = notify
        self._changed = changed
        self._clock = clock
        self._waiting: dict[int, asyncio.Event] = {}
        self._known: OrderedDict[int, None] = OrderedDict()

    def task_kinds(self) -> list[TaskKind]:
        """How these tasks run."""
        return [
            TaskKind(kind=ENRICH, handler=self._enrich, concurrency=4, retry_delays=(2, 10, 60)),
            TaskKind(kind=WRITEBACK, handler=self._writeback, retry_delays=(2, 10, 60)),
        ]

    async def ready(self, incident: int, timeout: float) -> None:
        """Wait until similar items of an incident are known, at most `timeout` seconds."""
        if incident in self._known or await self._db.read(lambda c: _is_known(c, incident)):
            return
        event = self._waiting.setdefault(incident, asyncio.Event())
        try:
            async with asyncio.timeout(timeout):
                await event.wait()
        except TimeoutError:
            log.info("message_without_similar", incident=incident)
        finally:
            self._waiting.pop(incident, None)

    async def _enrich(self, task: Task) -> None:
        number = int(task.payload["incident"])
        incident = await self._db.read(lambda c: queries.incident(c, number))
        if incident is None:
            raise TaskCanceled(f"there is no INC-{number}")
        similar = await self._similar(incident)
        keep = partial(self._keep, number, similar)
        await self._analyst.incident(number, similar, model=False, beside=keep)
        self._remember(number)
        self._changed(number)
        if self._model:
            analysis = await self._analyst.incident(number, similar)
            self._changed(number)
            if not analysis.meta.degraded:
                await self._db.write(lambda c: self._reply(c, incident))

    async def _similar(self, incident: Incident) -> list[SimilarItem]:
        """What resembles it. A knowledge base that fails must not keep people from the alert."""
        alerts = await self._db.read(lambda c: queries.alerts_of_incident(c, incident.number, 50))
        try:
            # Right after a start the base is still loading; a moment's wait finds more.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOADING):
                    await self._kb.ready()
            return await self._kb.similar.find(incident, alerts, SIMILAR)
        except TocsinError as error:
            log.warning("similar_failed", incident=incident.short_id, why=str(error))
            return []

    def _remember(self, number: int) -> None:
        """It is known now: whoever waits for it may go on."""
        self._known[number] = None
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        waiting = self._waiting.get(number)
        if waiting is not None:
            waiting.set()

    def _keep(self, number: int, similar: list[SimilarItem], connection: Connection) -> None:
        table = schema.similar_items
        connection.execute(delete(table).where(table.c.incident == number))
        items = msgspec.to_builtins(similar)
        connection.execute(insert(table).values(incident=number, items=items, at=self._clock()))

    def _reply(self, connection: Connection, incident: Incident) -> None:
        """One reply a channel that was told of the incident before the model had answered."""
        table = schema.notifications
        told = select(table.c.channel).where(
            table.c.incident == incident.number, table.c.kind == "firing", table.c.state == "sent"
        )
        now = self._clock()
        for channel in sorted({row.channel for row in connection.execute(told)} & self._can_reply):
            key = f"reply:{incident.id}:{channel}"
            if connection.execute(select(exists().where(table.c.key == key))).scalar():
                continue  # this task ran before and was cut off after its commit
            reply = Notification(
                id=uuid7(),
                number=0,
                channel=channel,
                incident=incident.number,
                alerts=(),
                kind="reply",
                payload=_encode(Payload(incident, [])).decode(),
                priority=3,
                key=key,
                due_at=now,
                created_at=now,
            )
            self._notify(connection, reply)

    async def _writeback(self, task: Task) -> None:
        number = int(task.payload["incident"])
        article = await self._kb.writeback.draft(number)
        if article is not None:
            log.info("article_drafted", incident=f"INC-{number}", article=article.id)
            self._changed(number)


def _is_known(connection: Connection, number: int) -> bool:
    query = select(exists().where(schema.similar_items.c.incident == number))
    return bool(connection.execute(query).scalar())
