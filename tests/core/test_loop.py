"""The loop on a real store: what is committed is what was decided, also after a crash."""

from __future__ import annotations

import asyncio
import gc
import time
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from core.clock import utc_now
from core.config.settings import Settings
from core.decide.policy import make_policy
from core.errors import NotFound
from core.loop import Loop
from core.model.event import Event
from core.model.matcher import parse_matchers
from core.store import Database, Journal, schema
from scheduler.tasks import EmbeddedQueue

SETTINGS: dict[str, Any] = {
    "channels": [{"name": "room", "type": "web"}],
    "receivers": [{"name": "r", "channels": ["room"]}],
    "route": {"receiver": "r", "group_by": ["alertname"], "group_wait": "0s"},
}


def make_loop(db: Database, journal: Journal) -> Loop:
    policy = make_policy(Settings.model_validate(SETTINGS))
    return Loop(policy, db, journal, EmbeddedQueue(db), lambda event: [])


def event(name: str, status: Any = "firing", **labels: str) -> Event:
    return Event("api", utc_now(), {"alertname": name, **labels}, status=status)


async def rows(db: Database, table: Any) -> list[Any]:
    return await db.read(lambda c: list(c.execute(select(table))))


async def test_an_event_becomes_alert_incident_notification_and_tasks(
    db: Database, journal: Journal
) -> None:
    loop = make_loop(db, journal)
    await loop.start()
    await journal.append("api", [event("DiskFull", host="a")])
    await loop.settled()
    await loop.stop()
    (alert,) = await rows(db, schema.alerts)
    (incident,) = await rows(db, schema.incidents)
    (notification,) = await rows(db, schema.notifications)
    assert (alert.number, incident.number, notification.number) == (1, 1, 1)
    assert notification.alerts == [alert.id]
    assert {t.kind for t in await rows(db, schema.tasks)} == {"enrich", "notify"}
    decisions = await rows(db, schema.decisions)
    assert [d.verdict for d in decisions] == ["grouped", "notified"]


async def test_a_restart_goes_on_where_it_was(db: Database, journal: Journal) -> None:
    first = make_loop(db, journal)
    await first.start()
    await journal.append("api", [event("DiskFull", host="a")])
    await first.settled()
    await first.acknowledge(1, "li.wei", "mine")
    await first.add_silence(
        parse_matchers(['alertname="X"']), utc_now(), utc_now() + timedelta(hours=1), "c", "li.wei"
    )
    await first.stop()
    await journal.append("api", [event("DiskFull", host="a"), event("DiskFull", host="b")])
    second = make_loop(db, journal)
    await second.start()
    await second.settled()
    state = second.fold.state
    assert state.incidents[1].status == "acknowledged"
    assert state.incidents[1].alert_count == 2
    assert [s.comment for s in state.silences] == ["c"]
    await second.stop()
    counts = sorted(a.count for a in await rows(db, schema.alerts))
    assert counts == [1, 2]


async def test_a_loop_that_dies_before_its_commit_decides_once(
    db: Database, journal: Journal
) -> None:
    """Folding without committing is what a crash leaves: nothing. The next one decides it all."""
    await journal.append("api", [event("A"), event("B")])
    dying = make_loop(db, journal)
    await dying._load()
    for batch in await journal.after(0):
        for one in batch.events:
            dying.fold.event(one, batch.accepted_at, utc_now())
    loop = make_loop(db, journal)
    await loop.start()
    await loop.settled()
    await loop.stop()
    assert sorted(i.number for i in await rows(db, schema.incidents)) == [1, 2]


async def test_a_resolved_incident_of_long_ago_can_be_noted(db: Database, journal: Journal) -> None:
    loop = make_loop(db, journal)
    await loop.start()
    await journal.append("api", [event("A")])
    await loop.settled()
    await loop.resolve(1, "li.wei", "restarted")
    loop.fold.state.incidents.pop(1)
    await loop.note(1, "li.wei", "it was the cache")
    with pytest.raises(NotFound):
        await loop.note(9, "li.wei", "x")
    await loop.stop()
    texts = [t.text for t in await rows(db, schema.timeline)]
    assert "it was the cache" in texts


async def test_the_event_loop_is_not_held_by_a_storm(db: Database, journal: Journal) -> None:
    loop = make_loop(db, journal)
    await loop.start()
    longest = 0.0
    done = False
    gc.collect()
    gc.freeze()  # what the tests before left behind is not the loop's

    async def watch() -> None:
        """The longest stretch of work, on the clock that stops while others have the processor."""
        nonlocal longest
        while not done:
            before = time.thread_time()
            await asyncio.sleep(0.001)
            longest = max(longest, time.thread_time() - before)

    watcher = asyncio.create_task(watch())
    for start in range(0, 5000, 500):
        await journal.append("api", [event("S", host=str(start + i)) for i in range(500)])
    await loop.settled()
    done = True
    await watcher
    await loop.stop()
    assert len(await rows(db, schema.alerts)) == 5000
    gc.unfreeze()
    assert longest < 0.05
