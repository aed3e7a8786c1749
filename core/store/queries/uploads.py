"""Uploads: files on their way to object storage."""

from __future__ import annotations

from sqlalchemy import Connection, Row, select

from core.model.upload import Upload
from core.store.queries.paging import (
    DEFAULT_LIMIT,
    EVERYTHING,
    Filter,
    Page,
    between,
    fetch,
    has_text,
    some,
)
from core.store.rows import from_row
from core.store.schema import uploads as table


def _upload(row: Row[tuple[object, ...]]) -> Upload:
    return from_row(Upload, row)


def upload(connection: Connection, number: int) -> Upload | None:
    """`UPL-<number>`."""
    row = connection.execute(select(table).where(table.c.number == number)).first()
    return None if row is None else from_row(Upload, row)


def uploads(
    connection: Connection,
    wanted: Filter = EVERYTHING,
    *,
    source: str | None = None,
    target: str | None = None,
    limit: int = DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[Upload]:
    """Uploads, newest first; `status` is their state."""
    where = [
        *some(table.c.state, wanted.status),
        *between(table.c.created_at, wanted),
        *has_text(wanted.q, table.c.path, table.c.key, table.c.error),
        *some(table.c.source, (source,) if source else ()),
        *some(table.c.target, (target,) if target else ()),
    ]
    return fetch(
        connection, [*table.c], table.c.number, _upload, where=where, limit=limit, cursor=cursor
    )
