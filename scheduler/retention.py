"""Retention: what is old and decided is deleted, so that the store does not grow for ever."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Connection, and_, delete, func, select

from core.ids import uuid7_from
from core.store import schema
from core.store.database import Database
from core.store.journal import Journal

log = structlog.get_logger(__name__)
JOURNAL = timedelta(days=7)
REJECTED = timedelta(days=30)
FINISHED_TASKS = timedelta(days=2)
INBOUND = timedelta(days=1)
MESSAGES = timedelta(days=90)
OVERRIDES = timedelta(days=400)
ALERTS = timedelta(days=400)
# A transaction must not hold the writer long: so many rows at a time.
_PIECE = 2000


async def prune(
    db: Database,
    journal_db: Database,
    journal: Journal,
    now: datetime,
    keep: timedelta = ALERTS,
) -> int:
    """Delete what is past its time; returns how many rows went.

    keep: how long alerts are kept after their end, with the decisions on them and what was told
    of them. Incidents stay: they are what is remembered.
    """
    alerts, decisions, told = schema.alerts.c, schema.decisions.c, schema.notifications.c
    # Ids are UUIDv7, so the index of the ids finds what is old.
    first = uuid7_from(now - keep)
    members = select(schema.group_members.c.alert)
    gone = await journal.prune(now - JOURNAL, await _folded(db))
    plan: tuple[tuple[Database, Any, Any, Any], ...] = (
        (journal_db, schema.rejected_events, schema.rejected_events.c.id,
         schema.rejected_events.c.at < now - REJECTED),
        (db, schema.tasks, schema.tasks.c.id, schema.tasks.c.finished_at < now - FINISHED_TASKS),
        (db, schema.inbound, schema.inbound.c.message_id, schema.inbound.c.at < now - INBOUND),
        (db, schema.messages, schema.messages.c.seq, schema.messages.c.at < now - MESSAGES),
        (db, schema.oncall_overrides, schema.oncall_overrides.c.id,
         schema.oncall_overrides.c.ends_at < now - OVERRIDES),
        (db, schema.alerts, alerts.id, and_(alerts.id < first, alerts.status == "resolved",
         alerts.ends_at < now - keep, alerts.id.not_in(members))),
        # After the alerts: of an alert that is still there all decisions are.
        (db, schema.decisions, decisions.seq,
         and_(decisions.alert < first, decisions.alert.not_in(select(alerts.id)))),
        (db, schema.notifications, told.id,
         and_(told.id < first, told.state.in_(("sent", "dead")))),
        (db, schema.sessions, schema.sessions.c.digest, schema.sessions.c.expires_at < now),
    )  # fmt: skip
    for database, table, key, past in plan:
        while deleted := await database.write(
            lambda c, t=table, k=key, p=past: _piece(c, t, k, p)  # type: ignore[misc]
        ):
            gone += deleted
            if deleted < _PIECE:
                break
    log.info("pruned", rows=gone)
    return gone


def _piece(connection: Connection, table: Any, key: Any, past: Any) -> int:
    some = select(key).where(past).limit(_PIECE)
    # Again `past`: an inbound message's id is told apart from another's by its channel only.
    return connection.execute(delete(table).where(key.in_(some), past)).rowcount


async def _folded(db: Database) -> int:
    query = select(func.min(schema.checkpoints.c.seq))
    return int(await db.read(lambda c: c.execute(query).scalar()) or 0)
