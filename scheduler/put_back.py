"""After the clock was put back: what waits does not wait until it is again where it was."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, select, update

from core.store.schema import tasks

STEP = timedelta(seconds=1)  # back, that is more than a correction of the clock
_AT_ONCE = 10_000
_MOVE = update(tasks).where(tasks.c.id == bindparam("task")).values(run_at=bindparam("at"))


def put_back(tx: Connection, now: datetime, by: timedelta, lease: timedelta) -> int:
    """Move tasks that wait as far as the clock went; leases last no longer than one does.

    Returns how many tasks were moved; of very many only those that are due first.
    """
    waiting = (
        select(tasks.c.id, tasks.c.run_at)
        .where(tasks.c.state == "pending", tasks.c.run_at > now)
        .order_by(tasks.c.run_at)
        .limit(_AT_ONCE)
    )
    moved = [{"task": row.id, "at": max(row.run_at - by, now)} for row in tx.execute(waiting)]
    if moved:
        tx.execute(_MOVE, moved)
    late = tasks.c.leased_until > now + lease
    tx.execute(
        update(tasks).where(tasks.c.state == "running", late).values(leased_until=now + lease)
    )
    return len(moved)
