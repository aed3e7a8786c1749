"""The outbox, as people read it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, Row, select

from core.model.notification import Notification
from core.store.queries.paging import (
    DEFAULT_LIMIT,
    EVERYTHING,
    Filter,
    Page,
    between,
    fetch,
    has_text,
    holds,
    in_pieces,
    some,
)
from core.store.rows import from_row
from core.store.schema import alerts
from core.store.schema import notifications as table

# The payload is what the channel renders; a list of 500 would carry megabytes nobody reads.
_COLUMNS = [c for c in table.c if c.name != "payload"]


def _notification(row: Row[tuple[object, ...]]) -> Notification:
    return from_row(Notification, row)


def notification(connection: Connection, number: int) -> Notification | None:
    """`NTF-<number>`, with its payload."""
    row = connection.execute(select(table).where(table.c.number == number)).first()
    return None if row is None else from_row(Notification, row)


def notifications(
    connection: Connection,
    wanted: Filter = EVERYTHING,
    *,
    channel: str | None = None,
    incident: int | None = None,
    limit: int = DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[Notification]:
    """Notifications without their payload, newest first; `status` is their state."""
    where = [
        *some(table.c.state, wanted.status),
        *between(table.c.created_at, wanted),
        *has_text(wanted.q, table.c.channel, table.c.kind, table.c.event_type, table.c.receipt),
    ]
    if channel is not None:
        where.append(table.c.channel == channel)
    if incident is not None:
        where.append(table.c.incident == incident)
    return fetch(
        connection, _COLUMNS, table.c.number, _notification, where=where, limit=limit, cursor=cursor
    )


def notifications_of_alert(
    connection: Connection, alert_id: str, limit: int = 200
) -> list[Notification]:
    """Every notification that tells this alert, oldest first."""
    # By way of the alert's incident, which is indexed: every notification of an alert is its
    # incident's too.
    of_incident = select(alerts.c.incident).where(alerts.c.id == alert_id).scalar_subquery()
    query = (
        select(*_COLUMNS)
        .where(table.c.incident == of_incident, holds(connection, table.c.alerts, alert_id))
        .order_by(table.c.number)
        .limit(limit)
    )
    return [from_row(Notification, row) for row in connection.execute(query)]


def notification_numbers(connection: Connection, ids: Sequence[str]) -> dict[str, int]:
    """Notification id → its number, of those that exist."""
    found: dict[str, int] = {}
    for piece in in_pieces(ids):
        query = select(table.c.id, table.c.number).where(table.c.id.in_(piece))
        found.update({row.id: row.number for row in connection.execute(query)})
    return found
