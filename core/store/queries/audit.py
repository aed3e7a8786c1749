"""Who did what."""

from __future__ import annotations

from sqlalchemy import Connection, Row

from core.model.audit import AuditEntry
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
from core.store.schema import audit as table


def _entry(row: Row[tuple[object, ...]]) -> AuditEntry:
    return from_row(AuditEntry, row)


def audit_entries(
    connection: Connection,
    wanted: Filter = EVERYTHING,
    *,
    limit: int = DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[AuditEntry]:
    """Acts, newest first; `status` is their outcome (ok, denied, failed)."""
    where = [
        *some(table.c.outcome, wanted.status),
        *between(table.c.at, wanted),
        *has_text(wanted.q, table.c.by, table.c.action, table.c.object, table.c.detail),
    ]
    return fetch(
        connection, [*table.c], table.c.seq, _entry, where=where, limit=limit, cursor=cursor
    )
