"""A message of an escalation at the instant it is sent."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import insert, select

from core.clock import utc_now
from core.errors import Conflict
from core.model.escalating import Escalation
from core.model.incident import Incident
from core.model.notification import Notification
from core.store import Database, schema
from core.store.rows import to_row
from tests.bot.chat.test_outbox import Post, notification, post
from tests.sim.receiver import Receiver


@pytest.fixture
async def receiver() -> Any:
    async with Receiver() as server:
        yield server


def message(**changes: Any) -> Notification:
    mark = Escalation(policy="night", step=1, steps=2, cycle=1, mention=("li.wei",), **changes)
    return msgspec.structs.replace(notification(1, escalation=mark), incident=1, kind="update")


async def put(db: Database, status: str, by: str = "") -> None:
    now = utc_now() - timedelta(minutes=1)
    incident = Incident(
        id="i1",
        number=1,
        key="0:{}",
        title="t",
        status=status,  # type: ignore[arg-type]
        labels={},
        started_at=now,
        updated_at=now,
        acknowledged_by=by,
    )
    await db.write(lambda c: c.execute(insert(schema.incidents), [to_row(incident)]))


async def timeline(office: Post) -> list[str]:
    query = select(schema.timeline.c.text)
    return [row.text for row in await office.db.read(lambda c: list(c.execute(query)))]


@pytest.mark.parametrize(
    ("status", "why"),
    [("acknowledged", "li.wei acknowledged it"), ("resolved", "it is resolved")],
)
async def test_what_is_no_longer_wanted_is_not_sent(
    db: Database, receiver: Receiver, status: str, why: str
) -> None:
    await put(db, status, "li.wei")
    async with post(db, receiver) as office:
        await office.put(message())
        (row,) = await office.until("dead")
        assert (row.receipt["code"], row.receipt["text"]) == ("canceled", why)
        assert await timeline(office) == [f"The escalation was not sent to out: {why}"]
        with pytest.raises(Conflict, match="not wanted any more"):
            await office.outbox.retry(1)
        assert await office.outbox.retry_failed(None) == []
    assert receiver.requests == []


@pytest.mark.parametrize(("status", "by"), [("triggered", ""), ("acknowledged", "li.wei")])
async def test_what_is_wanted_is_sent_also_when_who_has_it_asked_for_it(
    db: Database, receiver: Receiver, status: str, by: str
) -> None:
    await put(db, status, by)
    async with post(db, receiver) as office:
        await office.put(message(by=by))
        await office.until("sent")
        assert await timeline(office) == ["Escalated to out, calling li.wei"]
    assert len(receiver.requests) == 1
