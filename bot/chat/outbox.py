"""The outbox: each notification row is sent by one task, in its channel's lane, one at a time.

Delivered means that the platform said so. A lane with a budget (a robot may send 18 a minute)
waits for it; what waits longer than the budget lasts is merged into a digest.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal

import msgspec
import structlog
from sqlalchemy import Connection

from bot.chat.calling import Call, still_wanted, why_canceled
from bot.chat.channel import Channel, Outgoing
from core import metrics
from core.clock import Clock, utc_now
from core.decide.telling import Payload
from core.errors import Conflict, DeliveryError, NotFound
from core.model.incident import TimelineEntry
from core.model.notification import Notification, Receipt
from core.store import outbox as store
from core.store import queries
from core.store.database import Database
from core.task import Completion, Reschedule, Task, TaskCanceled, TaskKind, TaskQueue
from core.text import say

log = structlog.get_logger(__name__)
KIND = "notify"
# An outage of two hours loses nothing; what is older than that is a dead letter to be looked at.
RETRY_DELAYS = (1.0, 5.0, 15.0, 60.0, 300.0, 300.0, 600.0, 1800.0, 3600.0)
FIRST_MESSAGE_WAITS = 0.3  # seconds, for similar incidents
KEPT_FOR_CRITICAL = 2
MERGED = 100  # notifications that one digest tells at most
DIGEST_ALERTS = 300
_decode = msgspec.json.Decoder(Payload).decode
_encode = msgspec.json.Encoder().encode


class Lane(msgspec.Struct, frozen=True):
    """The budget of one channel: `name` is shared by channels that share a robot."""

    name: str
    per_minute: int


class Outbox:
    """Sends notifications. Register `task_kind()` on the queue."""

    def __init__(
        self,
        db: Database,
        queue: TaskQueue,
        channels: Mapping[str, Channel],
        lanes: Mapping[str, Lane],
        story: Callable[[int, float], Awaitable[queries.Story | None]],
        language: str,
        clock: Clock = utc_now,
        *,
        call: Call,
    ) -> None:
        """story: what is known of an incident, waiting for it at most so many seconds; None
        when it is in the store, or not known. call: whom mentions stand for at a moment."""
        self._db = db
        self._queue = queue
        self._channels = channels
        self._lanes = lanes
        self._story = story
        self._language = language
        self._clock = clock
        self._call = call
        self.on_told: Callable[[str, int], None] = lambda channel, incident: None

    def task_kind(self) -> TaskKind:
        """How notifications are sent: one at a time in each channel's queue."""
        return TaskKind(
            kind=KIND,
            handler=self._send,
            concurrency=1,
            timeout=timedelta(seconds=90),
            retry_delays=RETRY_DELAYS,
            on_dead=self._dead,
        )

    # Sending

    async def _send(self, task: Task) -> Completion:
        incident = task.payload.get("incident")
        story = None
        if incident is not None:
            story = await self._story(incident, FIRST_MESSAGE_WAITS)
        outgoing = await self._db.read(lambda c: _load(c, task.payload["notification"], story))
        if outgoing is None or outgoing.notification.state == "sent":
            raise TaskCanceled("there is nothing to send any more")
        channel = self._channels.get(outgoing.notification.channel)
        if channel is None:
            raise DeliveryError(
                f"there is no channel {outgoing.notification.channel!r} in the settings",
                retryable=False,
            )
        lane = self._lanes.get(channel.name)
        if lane is not None:
            outgoing = await self._within_budget(lane, channel, outgoing)
        if outgoing.notification.escalation is not None:
            outgoing = await still_wanted(
                outgoing, self._db, self._call, self._clock, self._language
            )
        try:
            receipt = await channel.send(outgoing)
        except DeliveryError as error:
            await self._failed(outgoing.notification, error)
            raise
        return self._sent(outgoing, receipt)

    def _sent(self, outgoing: Outgoing, receipt: Receipt) -> Completion:
        """What is written of a success; it is committed together with the task's end."""
        notification = outgoing.notification
        channel, text = notification.channel, ""
        metrics.NOTIFICATIONS.labels(channel, "sent").inc()
        if notification.accepted_at is not None:
            took = (receipt.at - notification.accepted_at).total_seconds()
            metrics.NOTIFICATION_LATENCY.labels(channel).observe(max(took, 0))
        if notification.kind != "event":
            kind = "escalation" if notification.escalation else notification.kind
            text = say(f"chat.notified.{kind}", self._language, channel=channel)
            if names := [called.name for called in outgoing.called if called.name]:
                text += say("chat.notified.called", self._language, names=", ".join(names))

        def then() -> None:
            if notification.kind != "event" and notification.incident is not None:
                self.on_told(channel, notification.incident)

        return Completion(lambda c: store.sent(c, notification, receipt, text), then)

    async def _within_budget(self, lane: Lane, channel: Channel, outgoing: Outgoing) -> Outgoing:
        """Take a place in the lane's budget, and one more for each further part of a long
        message. What is merged into this one comes along. Raises Reschedule."""

        def work(connection: Connection) -> Outgoing:
            taken = self._take_place(connection, lane, outgoing.notification)
            store.change(connection, taken.id, state="sending")
            return _load(connection, taken.id, outgoing.story) or outgoing

        whole = await self._db.write(work)
        parts = channel.messages(whole)
        if parts > 1:
            now = self._clock()
            await self._db.write(lambda c: store.spend(c, lane.name, now, parts - 1))
        return whole

    def _take_place(
        self, connection: Connection, lane: Lane, notification: Notification
    ) -> Notification:
        now = self._clock()
        budget = store.budget(connection, lane.name, lane.per_minute, now)
        if budget.resting_until is not None:
            raise Reschedule(budget.resting_until, "the platform asked for a pause")
        urgent = notification.priority == 0
        kept = 0 if urgent else KEPT_FOR_CRITICAL
        if budget.free <= kept:
            soon = max(budget.next_free, now + timedelta(seconds=1))
            raise Reschedule(soon, "this minute's budget is used up")
        if notification.kind == "firing" and notification.attempts == 0:
            others = [
                other
                for other in store.waiting(connection, notification.channel, MERGED)
                if other.id != notification.id and (other.priority == 0) == urgent
            ]
            if len(others) >= budget.free - kept:
                notification = _digest(
                    connection, notification, _fitting(notification, others), now
                )
        store.spend(connection, lane.name, now)
        return notification

    async def _failed(self, notification: Notification, error: DeliveryError) -> None:
        now = self._clock()
        receipt = Receipt(error.code, error.text, now)
        lane = self._lanes.get(notification.channel)

        def work(connection: Connection) -> None:
            store.change(
                connection,
                notification.id,
                state="failed",
                attempts=notification.attempts + 1,
                receipt=msgspec.to_builtins(receipt, builtin_types=(datetime,)),
                maybe_duplicate=notification.maybe_duplicate or error.unknown_outcome,
            )
            if lane is not None and error.retry_after:
                until = now + timedelta(seconds=error.retry_after)
                store.rest(connection, lane.name, until, now)

        await self._db.write(work)
        metrics.NOTIFICATIONS.labels(notification.channel, "failed").inc()
        log.warning(
            "notification_failed",
            notification=notification.short_id,
            channel=notification.channel,
            code=error.code,
            why=error.text,
            retryable=error.retryable,
        )

    async def _dead(self, task: Task, why: str) -> None:
        """Every attempt failed, or the first one for good."""
        now = self._clock()

        def work(connection: Connection) -> Notification | None:
            found = store.load(connection, task.payload["notification"])
            if found is None:
                return None
            receipt = found.receipt or Receipt("", why, now)
            values = msgspec.to_builtins(receipt, builtin_types=(datetime,))
            store.change(connection, found.id, state="dead", receipt=values)
            if found.incident is not None:
                text = say(
                    "chat.undeliverable",
                    self._language,
                    channel=found.channel,
                    id=found.short_id,
                    why=why,
                )
                entry = TimelineEntry(now, "undeliverable", "tocsin", text)
                store.note(connection, found.incident, entry)
            return found

        found = await self._db.write(work)
        if found is not None:
            metrics.DEAD_LETTERS.labels(found.channel).inc()
            log.error("notification_dead", notification=found.short_id, channel=found.channel)

    # What people do

    async def retry(self, number: int) -> Notification:
        """Send a failed or dead notification again, now. NotFound, or Conflict when it is not."""

        def work(connection: Connection) -> Notification:
            found = queries.notification(connection, number)
            if found is None:
                raise NotFound(f"there is no notification NTF-{number}")
            if why := why_canceled(found):
                raise Conflict(f"{found.short_id} is not wanted any more: {why}")
            if found.state not in {"failed", "dead"}:
                raise Conflict(f"{found.short_id} is {found.state}")
            return self._again(connection, found)

        return await self._db.write(work)

    async def retry_failed(self, since: datetime | None) -> Sequence[Notification]:
        """Send everything again that failed or died since a moment (None: ever), at most 500."""
        states: tuple[Literal["failed", "dead"], ...] = ("failed", "dead")
        wanted = queries.Filter(status=states, since=since)

        def work(connection: Connection) -> list[Notification]:
            page = queries.notifications(connection, wanted, limit=queries.MAX_LIMIT)
            return [self._again(connection, n) for n in page.items if not why_canceled(n)]

        return await self._db.write(work)

    def _again(self, connection: Connection, found: Notification) -> Notification:
        store.change(connection, found.id, state="pending")
        self._queue.defer(
            connection,
            KIND,
            {"notification": found.id, "incident": None},
            queue=f"{KIND}:{found.channel}",
            key=found.id,
            priority=min(found.priority, 1),
            expedite=True,
        )
        return msgspec.structs.replace(found, state="pending")

    async def measure(self) -> None:
        """Set the gauge of what waits, by channel."""
        counts = await self._db.read(store.pending_counts)
        for name in self._channels:
            metrics.OUTBOX_PENDING.labels(name).set(counts.get(name, 0))


def _load(
    connection: Connection, notification_id: str, story: queries.Story | None
) -> Outgoing | None:
    """A notification with what is known now; an event's body is fixed and needs nothing more.

    story: when it is known already.
    """
    notification = store.load(connection, notification_id)
    if notification is None:
        return None
    if notification.kind == "event":
        return Outgoing(notification, None, queries.Story())
    if story is None:
        number = notification.incident
        story = queries.Story() if number is None else queries.meaning(connection, number)
    return Outgoing(notification, _decode(notification.payload), story)


def _fitting(notification: Notification, others: list[Notification]) -> list[Notification]:
    """As many of the others, in their order, as one digest can list."""
    total, fitting = len(notification.alerts), []
    for other in others:
        total += len(other.alerts)
        if total > DIGEST_ALERTS:
            break
        fitting.append(other)
    return fitting


def _digest(
    connection: Connection,
    notification: Notification,
    others: list[Notification],
    now: datetime,
) -> Notification:
    """One message for all that waits, the most severe incident first."""
    if not others:
        return notification
    payloads = [_decode(n.payload) for n in (notification, *others)]
    alerts = [alert for payload in payloads for alert in payload.alerts]
    body = _encode(Payload(None, alerts)).decode()
    return store.merge(connection, notification, others, body, now)
