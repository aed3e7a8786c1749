"""The audit log: who did what, from where, and whether it was allowed."""

from __future__ import annotations

from typing import Literal

import structlog
from sqlalchemy import insert

from core.clock import Clock, utc_now
from core.model.audit import AuditEntry, Principal
from core.store.database import Database
from core.store.rows import to_row
from core.store.schema import audit

log = structlog.get_logger(__name__)


class Audit:
    """Writes entries. Reading them is core.store.queries.audit_entries."""

    def __init__(self, db: Database, clock: Clock = utc_now) -> None:
        self._db = db
        self._clock = clock

    async def write(
        self,
        who: Principal,
        action: str,
        on: str,
        outcome: Literal["ok", "denied", "failed"],
        detail: str = "",
    ) -> None:
        """Add an entry. action: `incident.acknowledge`, `command./ack`, …; on: `INC-3`."""
        entry = AuditEntry(
            self._clock(), who.name, who.via, action, on[:200], outcome, detail[:1000]
        )
        await self._db.write(lambda c: c.execute(insert(audit), to_row(entry)))
        log.info("audit", action=action, by=who.name, via=who.via, outcome=outcome)
