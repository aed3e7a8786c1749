"""What was sent and could not be used. It stands in the journal's database."""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy import Connection, Row, select

from core.store.queries.paging import (
    DEFAULT_LIMIT,
    EVERYTHING,
    Filter,
    Page,
    between,
    fetch,
    has_text,
)
from core.store.rows import from_row
from core.store.schema import rejected_events as table


class RejectedEvent(msgspec.Struct, frozen=True):
    """reason: a word for metrics; detail: for people; payload: what was sent, as text.

    adapter: a hook's source (`alertmanager`, …), empty for tocsin's own form. headers: those of
    the request that the adapter reads, by lower-case name.
    """

    id: str
    at: datetime
    source: str
    reason: str
    detail: str
    payload: str
    adapter: str
    headers: dict[str, str]


def _rejected(row: Row[tuple[object, ...]]) -> RejectedEvent:
    return from_row(RejectedEvent, row)


def rejected_event(connection: Connection, rejected_id: str) -> RejectedEvent | None:
    """One of them, by its id."""
    row = connection.execute(select(table).where(table.c.id == rejected_id)).first()
    return None if row is None else from_row(RejectedEvent, row)


def rejected_events(
    connection: Connection,
    wanted: Filter = EVERYTHING,
    *,
    limit: int = DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[RejectedEvent]:
    """Newest first: their ids are UUIDv7, which grow with time."""
    where = [
        *between(table.c.at, wanted),
        *has_text(wanted.q, table.c.source, table.c.reason, table.c.detail, table.c.payload),
    ]
    return fetch(
        connection, [*table.c], table.c.id, _rejected, where=where, limit=limit, cursor=cursor
    )
