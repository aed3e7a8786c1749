"""Steps of people reach the process that decides, once, with the same result and errors."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from core import handover
from core.clock import utc_now
from core.errors import Conflict, InvalidInput, LeaseLost, NoDecider, NotFound
from core.handover import Answerer, Asker
from core.loop import Loop
from core.model.event import Event
from core.model.matcher import parse_matchers
from core.store import Database, Journal, schema
from tests.core.test_loop import make_loop


def check(_connection: object) -> None:
    """This process decides."""


class Two:
    """A loop that decides, and one of another process that does not."""

    def __init__(self, db: Database, journal: Journal) -> None:
        self.db = db
        self.journal = journal
        self.decider = make_loop(db, journal)
        self.other = make_loop(db, Journal(db))
        self.asker = Asker(db)
        self.other.elsewhere = self.asker.ask
        self.decider.elsewhere = Asker(db).ask
        self.answerer = Answerer(db, self.decider, check)

    async def start(self) -> None:
        await self.decider.start()
        self.answerer.start()
        event = Event("api", utc_now(), {"alertname": "A"})
        await self.journal.append("api", [event])
        await self.decider.settled()

    async def stop(self) -> None:
        await self.answerer.stop()
        await self.decider.stop()


@pytest.fixture
async def two(
    db: Database, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Two]:
    monkeypatch.setattr(handover, "LOOK", 0.02)
    both = Two(db, journal)
    await both.start()
    yield both
    await both.stop()


async def test_a_step_is_done_where_it_is_decided(two: Two) -> None:
    incident = await two.other.acknowledge(1, "li.wei", "on it", timedelta(hours=2))
    assert (incident.status, incident.acknowledged_by) == ("acknowledged", "li.wei")
    assert incident.ack_until is not None
    assert incident == two.decider.fold.state.incidents[1]
    matchers = parse_matchers(['app=~"shop|pay"'])
    now = utc_now()
    silence = await two.other.add_silence(matchers, now, now + timedelta(hours=1), "deploy", "li")
    assert silence.matchers == matchers
    assert silence.starts_at == now
    assert two.decider.fold.state.silences == [silence]
    assert await two.other.expire_silence(1, "li")


async def test_errors_are_the_same_errors(two: Two) -> None:
    with pytest.raises(NotFound, match="INC-7"):
        await two.other.acknowledge(7, "li")
    await two.other.resolve(1, "li")
    with pytest.raises(Conflict):
        await two.other.acknowledge(1, "li")
    now = utc_now()
    with pytest.raises(InvalidInput):
        await two.other.add_silence((), now, now, "", "li")


async def test_what_waits_for_the_next_decider_is_done_by_it(two: Two) -> None:
    await two.answerer.stop()
    asked = asyncio.create_task(two.other.note(1, "li", "hello"))
    await _until_asked(two.db)
    two.answerer.start()
    await asked
    lines = await two.db.read(lambda c: list(c.execute(select(schema.timeline.c.text)).scalars()))
    assert lines.count("hello") == 1


async def test_what_nobody_answers_is_withdrawn_and_never_done(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handover, "PATIENCE", 0.1)
    await two.answerer.stop()
    with pytest.raises(NoDecider):
        await two.other.note(1, "li", "hello")
    two.answerer.start()
    monkeypatch.setattr(handover, "PATIENCE", 10.0)
    await two.other.note(1, "li", "again")
    lines = await two.db.read(lambda c: list(c.execute(select(schema.timeline.c.text)).scalars()))
    assert "hello" not in lines
    assert lines.count("again") == 1


async def test_a_step_that_was_withdrawn_while_it_was_done_is_undone(two: Two) -> None:
    await two.answerer.stop()
    asked = asyncio.create_task(two.other.acknowledge(1, "li"))
    await _until_asked(two.db)

    def withdraw(connection: object, changes: object) -> None:
        raise handover.Withdrawn("as if")

    two.decider.before_commit = withdraw
    two.answerer.start()
    await asyncio.sleep(0.1)
    two.decider.before_commit = lambda connection, changes: None
    assert (await asked).status == "acknowledged"  # it was asked still, so it was done again
    rows = await two.db.read(lambda c: list(c.execute(select(schema.incidents))))
    assert [row.status for row in rows] == ["acknowledged"]


async def test_who_has_just_lost_the_lease_asks_the_next_one(two: Two) -> None:
    former = make_loop(two.db, Journal(two.db))
    former.elsewhere = two.asker.ask

    def lost(_connection: object, _changes: object) -> None:
        raise LeaseLost("not any more")

    former.before_commit = lost
    await former.start()
    assert former.decides
    incident = await former.acknowledge(1, "li")
    assert incident == two.decider.fold.state.incidents[1]
    await former.stop()


async def test_a_loop_that_left_has_no_state_and_begins_again_from_the_store(two: Two) -> None:
    loop: Loop = two.decider
    await two.answerer.stop()
    await loop.leave()
    assert not loop.decides
    assert not loop.healthy
    other = two.other
    other.elsewhere = None
    await other.start()
    await other.acknowledge(1, "li")
    await other.stop()
    loop.begin()
    two.answerer.start()
    await loop.settled()
    assert (await loop.note(1, "li", "x")).status == "acknowledged"


async def _until_asked(db: Database) -> None:
    async with asyncio.timeout(10):
        while not await db.read(lambda c: list(c.execute(select(schema.requests)))):
            await asyncio.sleep(0.005)
