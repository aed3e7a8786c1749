"""Alerts, as the fold left them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, Row, select

from core.model.alert import Alert
from core.store.queries.paging import (
    DEFAULT_LIMIT,
    EVERYTHING,
    Filter,
    Page,
    between,
    fetch,
    has_labels,
    has_text,
    in_pieces,
    some,
)
from core.store.rows import from_row
from core.store.schema import alerts as table


def _alert(row: Row[tuple[object, ...]]) -> Alert:
    return from_row(Alert, row)


def alert(connection: Connection, number: int) -> Alert | None:
    """`ALT-<number>`."""
    row = connection.execute(select(table).where(table.c.number == number)).first()
    return None if row is None else from_row(Alert, row)


def alerts(
    connection: Connection,
    wanted: Filter = EVERYTHING,
    *,
    incident: int | None = None,
    limit: int = DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[Alert]:
    """Alerts, newest first; since and until take those that were seen between the two."""
    where = [
        *some(table.c.status, wanted.status),
        *some(table.c.severity, wanted.severity),
        *between(table.c.first_seen, wanted, table.c.last_seen),
        *has_text(wanted.q, table.c.labels, table.c.annotations),
        *has_labels(connection, table.c.labels, wanted.labels),
    ]
    if incident is not None:
        where.append(table.c.incident == incident)
    return fetch(
        connection, [*table.c], table.c.number, _alert, where=where, limit=limit, cursor=cursor
    )


def alerts_of_incident(connection: Connection, number: int, limit: int = 500) -> list[Alert]:
    """The alerts of `INC-<number>`, oldest first."""
    query = select(table).where(table.c.incident == number).order_by(table.c.number).limit(limit)
    return [from_row(Alert, row) for row in connection.execute(query)]


def alert_of_fingerprint(connection: Connection, fingerprint: str, at: datetime) -> Alert | None:
    """The firing episode of a fingerprint that an event of the moment `at` belongs to."""
    known = select(table).where(table.c.fingerprint == fingerprint)
    begun = known.where(table.c.first_seen <= at).order_by(table.c.number.desc()).limit(1)
    row = connection.execute(begun).first()
    if row is None:
        row = connection.execute(known.order_by(table.c.number).limit(1)).first()
    return None if row is None else from_row(Alert, row)


def alert_numbers(connection: Connection, ids: Sequence[str]) -> dict[str, int]:
    """Alert id → its number, of those that exist."""
    found: dict[str, int] = {}
    for piece in in_pieces(ids):
        query = select(table.c.id, table.c.number).where(table.c.id.in_(piece))
        found.update({row.id: row.number for row in connection.execute(query)})
    return found
