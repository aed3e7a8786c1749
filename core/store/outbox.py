"""The outbox in the database: what waits to be told, what became of it, and each lane's budget.

Every function runs inside a transaction of its caller.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, func, insert, select, update

from core.model.incident import TimelineEntry
from core.model.notification import Notification, Receipt
from core.model.work import Work
from core.store import schema
from core.store.bell import Rings, ring
from core.store.database import next_number
from core.store.rows import from_row, to_row

Defer = Callable[[Connection, Sequence[Work]], None]
_MINUTE = timedelta(seconds=60)
table = schema.notifications


def load(connection: Connection, notification_id: str) -> Notification | None:
    """A notification with its payload."""
    row = connection.execute(select(table).where(table.c.id == notification_id)).first()
    return None if row is None else from_row(Notification, row)


def add(connection: Connection, notifications: list[dict[str, Any]]) -> list[Work]:
    """Put rows into the outbox, each with its number.

    Returns the work of sending them, to be deferred in the same transaction.
    """
    if not notifications:
        return []
    first = next_number(connection, "NTF", len(notifications))
    numbered = [{**row, "number": first + i} for i, row in enumerate(notifications)]
    connection.execute(insert(table), numbered)
    return [
        Work(
            kind="notify",
            payload={
                "notification": row["id"],
                # Whose similar cases the first message waits for, a moment.
                "incident": row["incident"] if row["kind"] == "firing" else None,
            },
            key=row["id"],
            queue=f"notify:{row['channel']}",
            priority=min(row["priority"], 1),
        )
        for row in numbered
    ]


def change(connection: Connection, notification_id: str, **values: Any) -> None:
    """Set columns of a notification."""
    connection.execute(update(table).where(table.c.id == notification_id).values(**values))


def sent(connection: Connection, notification: Notification, receipt: Receipt, text: str) -> None:
    """The platform took it; `text` is its line in the incident's timeline."""
    change(
        connection,
        notification.id,
        state="sent",
        attempts=notification.attempts + 1,
        receipt=to_row(receipt),
        sent_at=receipt.at,
    )
    if notification.incident is not None and notification.kind != "event":
        note(
            connection, notification.incident, TimelineEntry(receipt.at, "notified", "tocsin", text)
        )
        ring(connection, Rings.TOLD, f"{notification.incident} {notification.channel}")


def note(connection: Connection, incident: int, entry: TimelineEntry) -> None:
    """One more line of an incident's timeline."""
    connection.execute(insert(schema.timeline), {"incident": incident, **to_row(entry)})


def waiting(connection: Connection, channel: str, limit: int = 500) -> list[Notification]:
    """What a channel has to tell of firing alerts and has not tried yet, most urgent first.

    One that was tried may have arrived under its key; it must go out as it was.
    """
    query = (
        select(table)
        .where(
            table.c.channel == channel,
            table.c.state == "pending",
            table.c.attempts == 0,
            table.c.kind == "firing",
        )
        .order_by(table.c.priority, table.c.number)
        .limit(limit)
    )
    return [from_row(Notification, row) for row in connection.execute(query)]


def merge(
    connection: Connection,
    into: Notification,
    others: list[Notification],
    payload: str,
    now: datetime,
) -> Notification:
    """Make `into` a digest that tells what `others` would have told; those are done with.

    Each alert stays in exactly one notification: the digest.
    """
    alerts = tuple(dict.fromkeys(a for n in (into, *others) for a in n.alerts))
    digest = msgspec.structs.replace(into, kind="digest", alerts=alerts, payload=payload)
    change(connection, into.id, kind="digest", alerts=list(alerts), payload=payload)
    for other in others:
        change(connection, other.id, state="sent", merged_into=into.id, alerts=[])
        connection.execute(
            update(schema.tasks)
            .where(schema.tasks.c.key == other.id, schema.tasks.c.state == "pending")
            .values(state="canceled", error=f"merged into NTF-{into.number}", finished_at=now)
        )
    return digest


def pending_counts(connection: Connection) -> dict[str, int]:
    """How many notifications wait, by channel."""
    query = (
        select(table.c.channel, func.count())
        .where(table.c.state.in_(("pending", "sending", "failed")))
        .group_by(table.c.channel)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def oldest_pending(connection: Connection) -> dict[str, datetime]:
    """When the oldest notification that waits was due, by channel."""
    query = (
        select(table.c.channel, func.min(table.c.due_at))
        .where(table.c.state.in_(("pending", "sending", "failed")))
        .group_by(table.c.channel)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


class Budget(msgspec.Struct, frozen=True):
    """What a lane may still send this minute. resting_until: the platform asked for a pause."""

    free: int
    next_free: datetime
    resting_until: datetime | None


def budget(connection: Connection, lane: str, per_minute: int, now: datetime) -> Budget:
    """The state of a lane's budget at `now`."""
    recent, resting = _lane(connection, lane, now)
    if resting is not None and resting > now:
        return Budget(0, resting, resting)
    free = per_minute - len(recent)
    next_free = _moment(recent[0], now) if recent and free <= 0 else now
    return Budget(max(free, 0), next_free, None)


def spend(connection: Connection, lane: str, now: datetime, messages: int = 1) -> None:
    """So many messages go out on this lane."""
    recent, resting = _lane(connection, lane, now)
    _save_lane(connection, lane, [*recent, *[now.timestamp()] * messages], resting)


def rest(connection: Connection, lane: str, until: datetime, now: datetime) -> None:
    """Nothing goes out on this lane until then."""
    recent, _resting = _lane(connection, lane, now)
    _save_lane(connection, lane, recent, until)


def _moment(sent_at: float, now: datetime) -> datetime:
    return now + _MINUTE - timedelta(seconds=max(now.timestamp() - sent_at, 0))


def _lane(connection: Connection, lane: str, now: datetime) -> tuple[list[float], datetime | None]:
    lanes = schema.lanes
    row = connection.execute(
        select(lanes.c.sent, lanes.c.resting_until).where(lanes.c.name == lane).with_for_update()
    ).first()
    if row is None:
        return [], None
    at, minute = now.timestamp(), _MINUTE.total_seconds()
    # What seems to lie far ahead was before the clock was put back.
    return [t for t in row.sent if at - minute < t < at + minute], row.resting_until


def _save_lane(
    connection: Connection, lane: str, recent: list[float], resting: datetime | None
) -> None:
    connection.execute(delete(schema.lanes).where(schema.lanes.c.name == lane))
    values = {"name": lane, "sent": recent, "resting_until": resting}
    connection.execute(insert(schema.lanes), values)
