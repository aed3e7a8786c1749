"""The outbox against a real receiver: sent once, retried, given up, sent again by hand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import select

from bot.chat.outbox import Lane, Outbox
from bot.chat.webhook.channel import WebhookChannel
from core.clock import utc_now
from core.config.channels import Webhook
from core.config.settings import Settings
from core.decide.telling import Payload
from core.errors import Conflict, NotFound
from core.http import HttpClient
from core.ids import uuid7
from core.model.alert import Alert
from core.model.notification import Notification
from core.oncall.roster import Roster
from core.store import Database, outbox, schema
from core.store.queries import Story
from core.store.rows import to_row
from scheduler.tasks import EmbeddedQueue
from tests.sim.receiver import SECRET, Receiver


async def no_story(_incident: int, _timeout: float) -> Story | None:
    return None


def alert(number: int) -> Alert:
    now = utc_now()
    return Alert(
        id=f"a{number}",
        number=number,
        fingerprint=str(number),
        labels={"alertname": "DiskFull", "host": f"db-{number}"},
        first_seen=now,
        last_seen=now,
        starts_at=now,
    )


def notification(number: int, **changes: Any) -> Notification:
    now, row_id = utc_now(), uuid7()
    return Notification(
        id=row_id,
        number=0,
        channel="out",
        incident=None,
        alerts=(f"a{number}",),
        kind="firing",
        payload=msgspec.json.encode(Payload(None, [alert(number)])).decode(),
        key=row_id,
        due_at=now,
        created_at=now,
        **changes,
    )


class Post:
    """An outbox with its queue, one channel to a receiver."""

    def __init__(self, db: Database, receiver: Receiver, per_minute: int = 0) -> None:
        self.db = db
        self.http = HttpClient()
        settings = Webhook(type="webhook", name="out", url=receiver.url, secret=SECRET)
        lanes = {"out": Lane("out", per_minute)} if per_minute else {}
        self.queue = EmbeddedQueue(db)
        self.outbox = Outbox(
            db,
            self.queue,
            {"out": WebhookChannel(settings, self.http)},
            lanes,
            no_story,
            "en",
            call=Roster(Settings(), db).called,
        )
        kind = self.outbox.task_kind()
        self.queue.register(msgspec.structs.replace(kind, retry_delays=(0.01, 0.01)))

    async def put(self, *notifications: Notification) -> None:
        rows = [to_row(n) for n in notifications]
        await self.db.write(lambda c: self.queue.defer_all(c, outbox.add(c, rows)))

    async def rows(self) -> list[Any]:
        query = select(schema.notifications).order_by(schema.notifications.c.number)
        return await self.db.read(lambda c: list(c.execute(query)))

    async def until(self, *states: str) -> list[Any]:
        async with asyncio.timeout(5):
            while [r.state for r in await self.rows()] != list(states):
                await asyncio.sleep(0.01)
        return await self.rows()


@asynccontextmanager
async def post(db: Database, receiver: Receiver, per_minute: int = 0) -> AsyncIterator[Post]:
    office = Post(db, receiver, per_minute)
    await office.queue.start()
    yield office
    await office.queue.stop(1)
    await office.http.close()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as server:
        yield server


async def test_what_is_taken_is_sent_once(db: Database, receiver: Receiver) -> None:
    async with post(db, receiver) as office:
        await office.put(notification(1), notification(2))
        first, second = await office.until("sent", "sent")
    assert len(receiver.requests) == len(receiver.events) == 2
    assert receiver.forged == 0
    assert (first.number, second.number) == (1, 2)
    assert first.receipt["code"] == "200"
    assert first.attempts == 1
    assert first.sent_at is not None


async def test_a_refusal_is_retried_under_the_same_key(db: Database, receiver: Receiver) -> None:
    receiver.answers = [503, 500, 204]
    async with post(db, receiver) as office:
        await office.put(notification(1))
        (row,) = await office.until("sent")
    assert len(set(receiver.requests)) == 1
    assert row.attempts == 3


async def test_a_receiver_that_wants_no_more_is_not_asked_again(
    db: Database, receiver: Receiver
) -> None:
    receiver.answers = [410]
    async with post(db, receiver) as office:
        await office.put(notification(1))
        (row,) = await office.until("dead")
        assert len(receiver.requests) == 1
        assert row.receipt["code"] == "410"
        receiver.answers = [200]
        await office.outbox.retry(1)
        (row,) = await office.until("sent")
        with pytest.raises(Conflict):
            await office.outbox.retry(1)
        with pytest.raises(NotFound):
            await office.outbox.retry(9)


async def test_all_that_failed_is_sent_again(db: Database, receiver: Receiver) -> None:
    receiver.answers = [500]
    async with post(db, receiver) as office:
        await office.put(notification(1), notification(2))
        await office.until("dead", "dead")
        receiver.answers = [200]
        assert len(await office.outbox.retry_failed(utc_now() + timedelta(hours=1))) == 0
        assert len(await office.outbox.retry_failed(None)) == 2
        await office.until("sent", "sent")


async def test_nobody_listens(db: Database, receiver: Receiver) -> None:
    async with post(db, receiver) as office:
        await receiver.__aexit__()
        await office.put(notification(1))
        (row,) = await office.until("dead")
    assert row.receipt["code"] == "network"
    assert "127.0.0.1" in row.receipt["text"]
    assert SECRET not in str(row)


async def test_what_waits_longer_than_the_budget_becomes_one_digest(
    db: Database, receiver: Receiver
) -> None:
    """Eight at once on a lane of five a minute (two kept for critical): each alert once."""
    async with post(db, receiver, per_minute=5) as office:
        await office.put(*(notification(i) for i in range(8)))
        rows = await office.until(*["sent"] * 8)
    assert len(receiver.requests) == 1
    told = [a for row in rows if row.merged_into is None for a in row.alerts]
    assert sorted(told) == [f"a{i}" for i in range(8)]
    assert [row.kind for row in rows].count("digest") == 1
    assert all(row.alerts == [] for row in rows if row.merged_into)


async def test_two_places_are_kept_for_critical(db: Database, receiver: Receiver) -> None:
    async with post(db, receiver, per_minute=3) as office:
        await office.put(notification(1))
        await office.until("sent")
        await office.put(notification(2))  # only the kept places are left
        await office.put(notification(3, priority=0))
        async with asyncio.timeout(5):
            while (await office.rows())[2].state != "sent":
                await asyncio.sleep(0.01)
        assert (await office.rows())[1].state == "pending"
    assert len(receiver.requests) == 2


async def test_a_pause_that_the_platform_asks_for_holds_the_lane(
    db: Database, receiver: Receiver
) -> None:
    receiver.answers, receiver.retry_after = [429], "600"
    async with post(db, receiver, per_minute=18) as office:
        await office.put(notification(1))
        await office.until("failed")
        await office.put(notification(2))
        async with asyncio.timeout(5):
            while not any(t.error.startswith("the platform") for t in await _tasks(db)):
                await asyncio.sleep(0.01)
    assert len(receiver.requests) == 1


async def _tasks(db: Database) -> list[Any]:
    return await db.read(lambda c: list(c.execute(select(schema.tasks))))
