"""Events that no decision makes (uploads, articles), for webhooks that subscribe to them."""

from __future__ import annotations

from typing import Any

from core.clock import Clock, iso, utc_now
from core.decide.policy import Subscriber
from core.ids import uuid7
from core.model.notification import Notification
from core.model.shape import webhook_body
from core.store import outbox
from core.store.database import Database
from core.store.outbox import Defer
from core.store.rows import to_row


class Publisher:
    """Puts an event into the outbox of every webhook that wants it."""

    def __init__(
        self,
        db: Database,
        subscribers: tuple[Subscriber, ...],
        defer: Defer,
        clock: Clock = utc_now,
    ) -> None:
        self._db = db
        self._subscribers = subscribers
        self._defer = defer
        self._clock = clock

    async def publish(self, event_type: str, data: dict[str, Any]) -> None:
        """Tell `event_type` with `data` to the webhooks that no receiver names and that want it."""
        now = self._clock()
        body = webhook_body(event_type, iso(now), data)
        rows = []
        for subscriber in self._subscribers:
            if subscriber.routed or not subscriber.wants(event_type):
                continue
            row_id = uuid7()
            notification = Notification(
                id=row_id,
                number=0,
                channel=subscriber.channel,
                incident=None,
                alerts=(),
                kind="event",
                event_type=event_type,
                payload=body,
                priority=2,
                key=row_id,
                due_at=now,
                created_at=now,
            )
            rows.append(to_row(notification))
        if rows:
            await self._db.write(lambda c: self._defer(c, outbox.add(c, rows)))
