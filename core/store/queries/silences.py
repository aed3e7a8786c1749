"""Silences: those that were, are and will be."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Row, and_, false, or_, select

from core.model.silence import Silence
from core.store.queries.paging import (
    DEFAULT_LIMIT,
    EVERYTHING,
    MAX_LIMIT,
    Filter,
    Page,
    between,
    fetch,
    has_text,
)
from core.store.rows import from_row
from core.store.schema import silences as table


def _silence(row: Row[tuple[object, ...]]) -> Silence:
    return from_row(Silence, row)


def silence(connection: Connection, number: int) -> Silence | None:
    """`SIL-<number>`."""
    row = connection.execute(select(table).where(table.c.number == number)).first()
    return None if row is None else from_row(Silence, row)


def silence_of_id(connection: Connection, silence_id: str) -> Silence | None:
    """The silence with this UUID."""
    row = connection.execute(select(table).where(table.c.id == silence_id)).first()
    return None if row is None else from_row(Silence, row)


def silences_ending_after(connection: Connection, moment: datetime, limit: int) -> list[Silence]:
    """Those that end after a moment, the newest `limit` of them, by number."""
    query = select(table).where(table.c.ends_at > moment).order_by(table.c.number.desc())
    return [from_row(Silence, row) for row in connection.execute(query.limit(limit))][::-1]


def silences(connection: Connection, active_at: datetime | None = None) -> list[Silence]:
    """Silences by number; with `active_at` only those that silence at that moment."""
    query = select(table).order_by(table.c.number)
    if active_at is not None:
        query = query.where(table.c.starts_at <= active_at, table.c.ends_at > active_at)
    return [from_row(Silence, row) for row in connection.execute(query.limit(MAX_LIMIT))]


def silence_page(
    connection: Connection,
    wanted: Filter = EVERYTHING,
    *,
    now: datetime,
    limit: int = DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[Silence]:
    """Silences, newest first; `status` is pending, active or expired at `now`."""
    where = [
        *between(table.c.starts_at, wanted, table.c.ends_at),
        *has_text(wanted.q, table.c.comment, table.c.created_by, table.c.matchers),
    ]
    if wanted.status:
        stands: dict[str, ColumnElement[bool]] = {
            "pending": table.c.starts_at > now,
            "active": and_(table.c.starts_at <= now, table.c.ends_at > now),
            "expired": table.c.ends_at <= now,
        }
        where.append(or_(*(stands.get(status, false()) for status in wanted.status)))
    return fetch(
        connection, [*table.c], table.c.number, _silence, where=where, limit=limit, cursor=cursor
    )
