"""How much there is of what people must look at, in one glance."""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy import Connection, Table, func, select

from core.store import schema


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """Rows by what they ask of people. waiting: not done yet; failed: given up."""

    triggered: int
    acknowledged: int
    firing: int
    silences: int
    notifications_waiting: int
    notifications_failed: int
    uploads_waiting: int
    uploads_failed: int
    tasks_failed: int


def counts(connection: Connection, now: datetime) -> Counts:
    """Count them, each by the index of its table's state."""

    def of(table: Table, *states: str) -> int:
        column = table.c.state if "state" in table.c else table.c.status
        query = select(func.count()).select_from(table).where(column.in_(states))
        return int(connection.execute(query).scalar_one())

    silences = schema.silences.c
    active = select(func.count()).where(silences.starts_at <= now, silences.ends_at > now)
    return Counts(
        triggered=of(schema.incidents, "triggered"),
        acknowledged=of(schema.incidents, "acknowledged"),
        firing=of(schema.alerts, "firing"),
        silences=int(connection.execute(active).scalar_one()),
        notifications_waiting=of(schema.notifications, "pending", "sending"),
        notifications_failed=of(schema.notifications, "failed", "dead"),
        uploads_waiting=of(schema.uploads, "pending", "uploading"),
        uploads_failed=of(schema.uploads, "failed"),
        tasks_failed=of(schema.tasks, "failed", "timed_out"),
    )
