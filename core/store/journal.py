"""The event journal: what was accepted, in order, before anyone was told that it was.

A row is a batch: the events of one request or one read. Appends that wait are committed
together by the database's writer (group commit), so durability costs one fsync for many
requests. Rows come out in the order of their sequence numbers; on PostgreSQL an advisory lock
orders the appends, so that no row appears below one that was already read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, and_, delete, func, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert_postgresql
from sqlalchemy.dialects.sqlite import insert as upsert_sqlite

from core import metrics
from core.clock import Clock, utc_now
from core.ids import batch_id, event_ids, split_event_id, uuid7
from core.model.event import Event
from core.store.appends import Appends
from core.store.database import Database
from core.store.schema import journal, positions, rejected_events

ROW_EVENTS = 200
PRUNED_AT_ONCE = 500  # rows in one transaction: appends wait for it
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Event]).decode


class Position(msgspec.Struct, frozen=True):
    """How far `source` has read `key` (a file); value is JSON that only the source understands."""

    source: str
    key: str
    value: Any


class JournalBatch(msgspec.Struct, frozen=True):
    """One journal row: `events[i]` has the i-th of `event_ids(batch, …)`."""

    seq: int
    accepted_at: datetime
    source: str
    events: list[Event]


class Journal:
    """Appends and reads events.

    on_append is called in the event loop after each commit; on_heard with each source that spoke
    and the events that were kept of it, which may be none.
    """

    def __init__(self, db: Database, clock: Clock = utc_now) -> None:
        self._db = db
        self._clock = clock
        self._appends = Appends(db)
        self.appended = 0  # events, since this process began
        self.on_append: Callable[[], None] = lambda: None
        self.on_heard: Callable[[str, list[Event]], None] = lambda source, events: None
        # Raises when another process reads the sources of this machine by now.
        self.check: Callable[[Connection], None] = lambda connection: None

    def ring(self, rings: bool) -> None:
        """Whether appends wake another process, which decides."""
        self._appends.rings = rings

    async def append(
        self, source: str, events: list[Event], positions: list[Position] | None = None
    ) -> list[str]:
        """Make events durable, with how far their source has read, in one transaction.

        Many events become several rows, so that no row takes the decide loop long. Returns the
        events' ids. Raises StoreError when nothing was stored.
        """
        moved = positions or []
        now = self._clock()
        ids: list[str] = []
        rows: list[dict[str, Any]] = []
        for start in range(0, len(events), ROW_EVENTS):
            part = events[start : start + ROW_EVENTS]
            batch = batch_id()
            ids += event_ids(batch, len(part))
            rows.append(
                {
                    "batch": batch,
                    "accepted_at": now,
                    "source": source,
                    "events": len(part),
                    "payload": _encode(part),
                }
            )

        def move(connection: Connection) -> None:
            for position in moved:
                _save_position(connection, position)
            self.check(connection)

        await self._appends.add(rows, move if moved else None)
        if events:
            metrics.EVENTS_ACCEPTED.labels(source.split(":", 1)[0]).inc(len(events))
            self.appended += len(events)
            self.on_append()
            self.on_heard(source, events)
        return ids

    async def after(self, seq: int, events: int = 1000) -> list[JournalBatch]:
        """The rows that follow `seq`, oldest first, until they hold at least so many events."""
        query = select(journal).where(journal.c.seq > seq).order_by(journal.c.seq).limit(events)

        def work(connection: Connection) -> list[JournalBatch]:
            found: list[JournalBatch] = []
            left = events
            for row in connection.execute(query):
                found.append(
                    JournalBatch(row.seq, row.accepted_at, row.source, _decode(row.payload))
                )
                left -= row.events
                if left <= 0:
                    break
            return found

        return await self._db.read(work)

    async def seq_before(self, moment: datetime) -> int:
        """The newest row that was accepted before `moment`; 0 when there is none.

        Rows are in the order of acceptance, so it is found by halving.
        """

        def work(connection: Connection) -> int:
            rows = select(journal.c.seq, journal.c.accepted_at).order_by(journal.c.seq).limit(1)
            below, above = 0, int(connection.execute(select(func.max(journal.c.seq))).scalar() or 0)
            while below < above:
                middle = (below + above + 1) // 2
                row = connection.execute(rows.where(journal.c.seq >= middle)).first()
                if row is not None and row.accepted_at < moment:
                    below = row.seq
                else:
                    above = middle - 1
            return below

        return await self._db.read(work)

    async def find(self, event: str) -> Event | None:
        """The event with that id, or None when there is none (or it was pruned)."""
        try:
            batch, index = split_event_id(event)
        except ValueError:
            return None
        query = select(journal.c.payload).where(journal.c.batch == str(batch))
        payload = await self._db.read(lambda c: c.execute(query).scalar())
        events = _decode(payload) if payload is not None else []
        return events[index] if index < len(events) else None

    async def positions(self, source: str) -> dict[str, Any]:
        """Every key of a source with how far it was read."""
        query = select(positions.c.key, positions.c.value).where(positions.c.source == source)
        return await self._db.read(lambda c: {r.key: r.value for r in c.execute(query)})

    async def set_positions(self, moved: list[Position]) -> None:
        """Save positions when there is nothing to journal."""

        def work(connection: Connection) -> None:
            for position in moved:
                _save_position(connection, position)
            self.check(connection)

        await self._db.write(work)

    async def reject(
        self,
        source: str,
        reason: str,
        detail: str,
        payload: str,
        *,
        adapter: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> str:
        """Keep what could not be used, with the reason; returns its id.

        adapter, headers: what reads it (a hook's source; empty: tocsin's own form), and what of
        the request's headers it needs to read it again.
        """
        rejected = {
            "id": uuid7(),
            "at": self._clock(),
            "source": source,
            "reason": reason,
            "detail": detail,
            "payload": payload,
            "adapter": adapter,
            "headers": dict(headers or {}),
        }
        await self._db.write(lambda c: c.execute(insert(rejected_events), rejected))
        metrics.EVENTS_REJECTED.labels(source.split(":", 1)[0], reason).inc()
        return str(rejected["id"])

    async def prune(self, before: datetime, folded: int) -> int:
        """Delete batches accepted before a moment that are folded already; returns how many."""
        past = and_(journal.c.accepted_at < before, journal.c.seq <= folded)
        some = select(journal.c.seq).where(past).order_by(journal.c.seq).limit(PRUNED_AT_ONCE)
        query = delete(journal).where(journal.c.seq.in_(some))
        gone = 0
        while deleted := await self._db.write(lambda c: c.execute(query).rowcount):
            gone += deleted
            if deleted < PRUNED_AT_ONCE:
                break
        return gone

    async def last_seq(self) -> int:
        """The newest sequence number; 0 when the journal is empty."""
        query = select(func.max(journal.c.seq))
        return int(await self._db.read(lambda c: c.execute(query).scalar()) or 0)


def _save_position(connection: Connection, position: Position) -> None:
    is_postgresql = connection.dialect.name == "postgresql"
    upsert = upsert_postgresql if is_postgresql else upsert_sqlite
    values = {"source": position.source, "key": position.key, "value": position.value}
    statement = upsert(positions).values(values)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["source", "key"], set_={"value": statement.excluded.value}
        )
    )
