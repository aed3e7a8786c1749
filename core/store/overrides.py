"""Overrides of on-call schedules in the database.

Every function runs inside a transaction of its caller.
"""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy import Connection, func, insert, select, update

from core.model.override import Override
from core.store.database import next_number
from core.store.rows import from_row, to_row
from core.store.schema import oncall_overrides as table

MAX_LISTED = 500


def add(connection: Connection, new: Override) -> Override:
    """Keep an override, with the next number."""
    numbered = msgspec.structs.replace(new, number=next_number(connection, "OVR"))
    connection.execute(insert(table), to_row(numbered))
    return numbered


def one(connection: Connection, number: int) -> Override | None:
    """`OVR-<number>`."""
    row = connection.execute(select(table).where(table.c.number == number)).first()
    return None if row is None else from_row(Override, row)


def of(connection: Connection, schedule: str, since: datetime) -> list[Override]:
    """Those of a schedule that are not over at `since`, the oldest first; at most MAX_LISTED."""
    query = (
        select(table)
        .where(table.c.schedule == schedule, table.c.ends_at > since)
        .order_by(table.c.number)
        .limit(MAX_LISTED)
    )
    return [from_row(Override, row) for row in connection.execute(query)]


def count(connection: Connection, schedule: str, since: datetime) -> int:
    """How many of a schedule are not over at `since`."""
    query = select(func.count()).where(table.c.schedule == schedule, table.c.ends_at > since)
    return int(connection.execute(query).scalar() or 0)


def end(connection: Connection, override: Override, now: datetime) -> Override:
    """It is over now; one that has not begun never does."""
    ended = msgspec.structs.replace(override, starts_at=min(override.starts_at, now), ends_at=now)
    values = {"starts_at": ended.starts_at, "ends_at": ended.ends_at}
    connection.execute(update(table).where(table.c.id == override.id).values(**values))
    return ended
