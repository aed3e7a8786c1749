"""Retention: what is past its time goes, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Table, event, func, insert, select

from core.ids import uuid7_from
from core.model.event import Event
from core.store import Database, Journal, schema
from core.store import journal as journal_module
from scheduler import retention
from scheduler.retention import (
    ALERTS,
    FINISHED_TASKS,
    INBOUND,
    JOURNAL,
    MESSAGES,
    REJECTED,
    prune,
)

NOW = datetime(2026, 6, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)


async def put(db: Database, table: Table, *rows: dict[str, Any]) -> None:
    await db.write(lambda c: c.execute(insert(table), list(rows)))


async def values(db: Database, column: Any) -> list[Any]:
    return await db.read(lambda c: sorted(c.execute(select(column)).scalars()))


def task(name: str, state: str, finished_at: datetime | None) -> dict[str, Any]:
    return {
        "id": name,
        "number": 1,
        "kind": "work",
        "queue": "work",
        "payload": {},
        "state": state,
        "attempts": 1,
        "priority": 1,
        "run_at": NOW - timedelta(days=99),
        "error": "",
        "created_at": NOW - timedelta(days=99),
        "finished_at": finished_at,
    }


def rejected(name: str, at: datetime) -> dict[str, Any]:
    return {
        "id": name,
        "at": at,
        "source": "api",
        "adapter": "",
        "headers": {},
        "reason": "x",
        "detail": "",
        "payload": "",
    }


def message(text: str, at: datetime) -> dict[str, Any]:
    return {"room": "room", "at": at, "author": "a", "text": text, "format": "text"}


def inbound(channel: str, message_id: str, at: datetime) -> dict[str, Any]:
    return {"channel": channel, "message_id": message_id, "at": at, "payload": {}}


def session(digest: str, expires_at: datetime) -> dict[str, Any]:
    return {"digest": digest, "token": "t", "csrf": "c", "expires_at": expires_at}


async def test_each_table_keeps_what_is_not_past_its_time(
    db: Database, journal_db: Database, journal: Journal
) -> None:
    old, new = -SECOND, SECOND
    await put(
        journal_db,
        schema.rejected_events,
        rejected("old", NOW - REJECTED + old),
        rejected("new", NOW - REJECTED + new),
    )
    await put(
        db,
        schema.tasks,
        task("old", "succeeded", NOW - FINISHED_TASKS + old),
        task("dead", "failed", NOW - FINISHED_TASKS + old),
        task("new", "succeeded", NOW - FINISHED_TASKS + new),
        task("waits", "pending", None),
        task("runs", "running", None),
    )
    await put(
        db,
        schema.inbound,
        inbound("app", "old", NOW - INBOUND + old),
        inbound("app", "new", NOW - INBOUND + new),
    )
    await put(
        db,
        schema.messages,
        message("old", NOW - MESSAGES + old),
        message("new", NOW - MESSAGES + new),
    )
    await put(db, schema.sessions, session("old", NOW + old), session("new", NOW + new))

    assert await prune(db, journal_db, journal, NOW) == 6
    assert await values(journal_db, schema.rejected_events.c.id) == ["new"]
    assert await values(db, schema.tasks.c.id) == ["new", "runs", "waits"]
    assert await values(db, schema.inbound.c.message_id) == ["new"]
    assert await values(db, schema.messages.c.text) == ["new"]
    assert await values(db, schema.sessions.c.digest) == ["new"]
    assert await prune(db, journal_db, journal, NOW) == 0


async def test_an_inbound_message_stays_though_another_room_has_an_old_one_of_its_id(
    db: Database, journal_db: Database, journal: Journal
) -> None:
    await put(
        db,
        schema.inbound,
        inbound("a", "m1", NOW - INBOUND - SECOND),
        inbound("b", "m1", NOW),
    )
    assert await prune(db, journal_db, journal, NOW) == 1
    assert await values(db, schema.inbound.c.channel) == ["b"]


async def _accepted(journal_db: Database, *ages: timedelta) -> list[int]:
    """Journal rows that were accepted so long ago; their sequence numbers."""
    for age in ages:
        at = NOW - age
        one = Event("api", at, {"alertname": "A"})
        await Journal(journal_db, lambda at=at: at).append("api", [one])
    return await values(journal_db, schema.journal.c.seq)


async def test_the_journal_goes_no_further_than_what_is_folded(
    db: Database, journal_db: Database, journal: Journal
) -> None:
    old = JOURNAL + SECOND
    seqs = await _accepted(journal_db, old, old, old, JOURNAL - SECOND)
    assert await prune(db, journal_db, journal, NOW) == 0  # nothing was ever folded
    await put(db, schema.checkpoints, {"name": "fold", "seq": seqs[1]})
    assert await prune(db, journal_db, journal, NOW) == 2
    assert await values(journal_db, schema.journal.c.seq) == seqs[2:]
    # A second reader that is behind keeps what it has not read.
    await put(db, schema.checkpoints, {"name": "other", "seq": 0})
    await db.write(
        lambda c: c.execute(
            schema.checkpoints.update()
            .where(schema.checkpoints.c.name == "fold")
            .values(seq=seqs[-1])
        )
    )
    assert await prune(db, journal_db, journal, NOW) == 0
    await db.write(lambda c: c.execute(schema.checkpoints.update().values(seq=seqs[-1])))
    assert await prune(db, journal_db, journal, NOW) == 1
    assert await values(journal_db, schema.journal.c.seq) == seqs[3:]  # it is not old enough


async def test_much_goes_piece_by_piece(
    db: Database, journal_db: Database, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No transaction holds the writer for long, and all that is old goes in one call."""
    monkeypatch.setattr(retention, "_PIECE", 10)
    monkeypatch.setattr(journal_module, "PRUNED_AT_ONCE", 10)
    past = NOW - timedelta(days=100)
    await put(db, schema.messages, *(message(str(n), past) for n in range(35)))
    await put(db, schema.sessions, *(session(str(n), past) for n in range(10)))
    seqs = await _accepted(journal_db, *[timedelta(days=8)] * 25)
    await put(db, schema.checkpoints, {"name": "fold", "seq": seqs[-1]})
    deleted: list[int] = []
    for database in {id(d): d for d in (db, journal_db)}.values():
        _count_deletes(database, deleted)
    assert await prune(db, journal_db, journal, NOW) == 35 + 10 + 25
    assert max(deleted) == 10
    assert sum(deleted) == 70
    left = select(func.count()).select_from(schema.messages)
    assert await db.read(lambda c: c.execute(left).scalar()) == 0


def _count_deletes(database: Database, deleted: list[int]) -> None:
    @event.listens_for(database.engine, "after_cursor_execute")
    def after(_connection: Any, cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.startswith("DELETE"):
            deleted.append(cursor.rowcount)


def an_alert(began: datetime, ended: datetime | None) -> dict[str, Any]:
    return {
        "id": uuid7_from(began), "number": int(began.timestamp()), "fingerprint": "f",
        "identified_by": "labels", "status": "resolved" if ended else "firing", "flapping": False,
        "severity": "info", "labels": {"alertname": "A"}, "annotations": {}, "count": 1,
        "first_seen": began, "last_seen": began, "starts_at": began, "ends_at": ended,
        "source": "api", "rule": "", "incident": None, "links": {},
    }  # fmt: skip


async def test_an_alert_goes_with_its_decisions_when_it_ended_long_ago(
    db: Database, journal_db: Database, journal: Journal
) -> None:
    before = NOW - ALERTS
    day = timedelta(days=1)
    gone = an_alert(before - 9 * day, before - day)
    firing = an_alert(before - 8 * day, None)
    ended_later = an_alert(before - 7 * day, before + day)
    member = an_alert(before - 6 * day, before - day)
    alerts = [gone, firing, ended_later, member]
    await put(db, schema.alerts, *alerts)
    await put(db, schema.group_members, {"group_key": "g", "alert": member["id"], "told": "x"})
    await put(
        db,
        schema.decisions,
        *(
            {"alert": a["id"], "at": before - 5 * day, "verdict": "suppressed", "reason": "silence",
             "stages": [], "rule_version": 0}
            for a in alerts
        ),
    )  # fmt: skip
    assert await prune(db, journal_db, journal, NOW) == 2
    kept = sorted(a["id"] for a in alerts[1:])
    assert await values(db, schema.alerts.c.id) == kept
    assert await values(db, schema.decisions.c.alert) == kept
