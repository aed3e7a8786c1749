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
from core.store import schema
from core.store.database import Database
from core.store.queries import Story
from core.task import Completion, Task, TaskKind
from knowledge.analysis.analyst import Analyst, Case, load_case
from knowledge.analysis.model import Analysis
from knowledge.base import KnowledgeBase

log = structlog.get_logger(__name__)
ENRICH, WRITEBACK = "enrich", "writeback"
SIMILAR = 2
REMEMBERED = 500  # incidents, with their stories
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
        self._stories: OrderedDict[int, Story] = OrderedDict()
        self._loaded = False

    def task_kinds(self) -> list[TaskKind]:
        """How these tasks run."""
        return [
            TaskKind(kind=ENRICH, handler=self._enrich, concurrency=4, retry_delays=(2, 10, 60)),
            TaskKind(kind=WRITEBACK, handler=self._writeback, retry_delays=(2, 10, 60)),
        ]

    async def story(self, incident: int, timeout: float) -> Story | None:
        """What is known of an incident that was just found, waiting at most `timeout` seconds.

        None when it is not known in time, or has been in the store for longer.
        """
        known = self._stories.get(incident)
        if known is not None or await self._db.read(lambda c: _is_known(c, incident)):
            return known
        event = self._waiting.setdefault(incident, asyncio.Event())
        try:
            async with asyncio.timeout(timeout):
                await event.wait()
        except TimeoutError:
            log.info("message_without_similar", incident=incident)
        finally:
            self._waiting.pop(incident, None)
        return self._stories.get(incident)

    async def _enrich(self, task: Task) -> Completion:
        number = int(task.payload["incident"])
        case = await self._db.read(lambda c: load_case(c, number))
        similar = await self._similar(case)
        analysis = await self._analyst.about(case, similar, model=False)
        self._remember(number, Story(similar=similar, analysis=msgspec.to_builtins(analysis)))
        first = partial(self._keep, number, similar, analysis)
        if not self._model:
            return Completion(first, partial(self._changed, number))
        await self._db.write(first)
        self._changed(number)
        later = await self._analyst.about(case, similar)

        def keep(connection: Connection) -> None:
            self._analyst.keep(connection, later, "incident", number)
            if not later.meta.degraded:
                self._reply(connection, case.incident)

        self._stories.pop(number, None)
        return Completion(keep, partial(self._changed, number))

    async def _similar(self, case: Case) -> list[SimilarItem]:
        """What resembles it. A knowledge base that fails must not keep people from the alert."""
        try:
            if not self._loaded:
                # Right after a start the base is still loading; a moment's wait finds more.
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LOADING):
                        await self._kb.ready()
                        self._loaded = True
            return await self._kb.similar.find(case.incident, case.alerts[:50], SIMILAR)
        except TocsinError as error:
            log.warning("similar_failed", incident=case.incident.short_id, why=str(error))
            return []

    def _remember(self, number: int, story: Story) -> None:
        """It is known now, before it is in the store: whoever waits for it may go on."""
        self._stories[number] = story
        if len(self._stories) > REMEMBERED:
            self._stories.popitem(last=False)
        waiting = self._waiting.get(number)
        if waiting is not None:
            waiting.set()

    def _keep(
        self, number: int, similar: list[SimilarItem], analysis: Analysis, connection: Connection
    ) -> None:
        table = schema.similar_items
        connection.execute(delete(table).where(table.c.incident == number))
        items = msgspec.to_builtins(similar)
        connection.execute(insert(table).values(incident=number, items=items, at=self._clock()))
        self._analyst.keep(connection, analysis, "incident", number)

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
