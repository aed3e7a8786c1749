"""Why alerts were, or were not, told."""

from __future__ import annotations

from sqlalchemy import Connection, select

from core.model.decision import Decision
from core.store.rows import from_row
from core.store.schema import decisions as table


def decisions_of(connection: Connection, alert_id: str, limit: int = 100) -> list[Decision]:
    """The decision records of an alert, newest first."""
    query = select(table).where(table.c.alert == alert_id).order_by(table.c.seq.desc()).limit(limit)
    return [from_row(Decision, row) for row in connection.execute(query)]
