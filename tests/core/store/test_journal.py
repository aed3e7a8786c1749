"""The journal: accepted means committed, in order, with the reader's position."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import insert

from core.errors import StoreError
from core.model.event import Event
from core.store import Database, Journal, Position, schema
from core.store.database import make_engine, sqlite_url
from core.store.locks import Order, in_order

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def event(name: str) -> Event:
    return Event(source="api", occurred_at=NOW, labels={"alertname": name})


async def test_what_was_appended_is_read_back_in_order(journal: Journal) -> None:
    for i in range(5):
        await journal.append("api", [event(f"a{i}"), event(f"b{i}")])
    batches = await journal.after(0)
    names = [e.labels["alertname"] for b in batches for e in b.events]
    assert names == [n for i in range(5) for n in (f"a{i}", f"b{i}")]
    assert [b.seq for b in batches] == sorted(b.seq for b in batches)
    assert await journal.after(batches[-1].seq) == []


async def test_where_a_moment_is(journal: Journal) -> None:
    assert await journal.seq_before(NOW) == 0
    for i in range(9):
        await journal.append("api", [event(f"a{i}")])
    batches = await journal.after(0)
    moments = [b.accepted_at for b in batches]
    for moment in (*moments, NOW.replace(year=1970), NOW.replace(year=9000)):
        earlier = [b.seq for b in batches if b.accepted_at < moment]
        assert await journal.seq_before(moment) == max(earlier, default=0)


async def test_an_event_is_found_by_its_id(journal: Journal) -> None:
    await journal.append("api", [event("other")])
    ids = await journal.append("api", [event("one"), event("two")])
    found = await journal.find(ids[1])
    assert found is not None
    assert found.labels["alertname"] == "two"
    assert await journal.find("not-an-id") is None
    assert await journal.find(ids[1][:-1] + "9") is None


async def test_a_position_moves_with_the_events_it_stands_for(journal: Journal) -> None:
    await journal.append("log:shop", [event("x")], [Position("log:shop", "f1", {"offset": 7})])
    await journal.set_positions([Position("log:shop", "f1", {"offset": 9})])
    assert await journal.positions("log:shop") == {"f1": {"offset": 9}}
    assert await journal.positions("log:other") == {}


async def test_appends_that_wait_are_all_kept(journal: Journal) -> None:
    ids = await asyncio.gather(*(journal.append("api", [event(str(i))]) for i in range(300)))
    assert len({i for got in ids for i in got}) == 300
    batches = await journal.after(0, 1000)
    assert {e.labels["alertname"] for b in batches for e in b.events} == set(map(str, range(300)))


async def test_a_failing_write_does_not_undo_its_neighbours(db: Database) -> None:
    def bad(_connection: object) -> None:
        raise ValueError("mine alone")

    results = await asyncio.gather(
        db.write(lambda c: 1), db.write(bad), db.write(lambda c: 2), return_exceptions=True
    )
    assert results[0] == 1
    assert isinstance(results[1], ValueError)
    assert results[2] == 2


async def test_a_closed_database_says_so(tmp_path: Path) -> None:
    database = Database(make_engine(sqlite_url(tmp_path / "x.db")))
    database.close()
    with pytest.raises(StoreError):
        await database.write(lambda c: None)


def test_what_was_accepted_outlives_a_kill(tmp_path: Path) -> None:
    """A child prints each id once it is accepted and is killed at any moment after."""
    script = textwrap.dedent(
        f"""
        import asyncio
        from datetime import UTC, datetime
        from pathlib import Path
        from core.model.event import Event
        from core.store import Database, Journal
        from core.store.database import make_engine, sqlite_url
        from core.store.migrations import upgrade
        from core.store.schema import journal_metadata

        async def main():
            engine = make_engine(sqlite_url(Path({str(tmp_path / "j.db")!r})))
            upgrade(engine, "journal", journal_metadata)
            journal = Journal(Database(engine))
            event = Event("api", datetime.now(UTC), {{"alertname": "x"}})
            while True:
                for event_id in await journal.append("api", [event]):
                    print(event_id, flush=True)

        asyncio.run(main())
        """
    )
    child = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    accepted = [child.stdout.readline().strip() for _ in range(40)]
    os.kill(child.pid, signal.SIGKILL)
    accepted += [line.strip() for line in child.stdout.read().splitlines() if len(line) == 36]
    child.wait()
    database = Database(make_engine(sqlite_url(tmp_path / "j.db")))
    journal = Journal(database)

    async def missing() -> list[str]:
        return [i for i in accepted if await journal.find(i) is None]

    assert asyncio.run(missing()) == []
    database.close()


@pytest.mark.postgres  # on SQLite one process appends
async def test_no_append_appears_below_one_that_was_read(db: Database, journal: Journal) -> None:
    """Two processes append, and the one that began first commits last: nobody reads past it."""
    first = db.engine.connect()
    in_order(first, Order.JOURNAL)
    values = {"accepted_at": NOW, "source": "api", "events": 1, "payload": b"\x90"}
    seq = first.execute(
        insert(schema.journal).values(batch="first", **values).returning(schema.journal.c.seq)
    ).scalar_one()
    second = asyncio.create_task(journal.append("api", [event("second")]))
    await asyncio.sleep(0.3)
    assert not second.done()  # it waits: its number must come after, in commits as in order
    assert await journal.after(0) == []
    first.commit()
    first.close()
    await second
    assert [b.seq for b in await journal.after(0)] == [seq, seq + 1]
