"""Lists: every filter narrows, and pages together give each item once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, insert

from core.errors import InvalidInput
from core.ids import uuid7
from core.model import Alert, Incident, Notification, Receipt, Silence, Upload, parse_matchers
from core.store import Database, Journal, queries, schema
from core.store.queries import Filter
from core.store.queries.paging import decode_cursor, encode_cursor
from core.store.rows import to_row

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def _minutes(n: float) -> datetime:
    return NOON + timedelta(minutes=n)


def an_alert(number: int, **values: Any) -> Alert:
    made: dict[str, Any] = {
        "id": f"a{number}",
        "number": number,
        "fingerprint": f"f{number}",
        "labels": {"alertname": "DiskFull", "app": "shop", "n": str(number)},
        "first_seen": _minutes(number),
        "last_seen": _minutes(number),
        "starts_at": _minutes(number),
        "incident": 1,
    }
    return Alert(**{**made, **values})


async def keep(db: Database, table: Any, *items: Any) -> None:
    rows = [to_row(item) for item in items]
    await db.write(lambda c: c.execute(insert(table), rows))


def ids(page: queries.Page[Any]) -> list[int]:
    return [item.number for item in page.items]


async def every_page(
    db: Database, read: Callable[[Connection, str | None], queries.Page[Any]]
) -> list[list[Any]]:
    pages, cursor = [], None
    while True:
        at = cursor
        page = await db.read(lambda c, at=at: read(c, at))  # type: ignore[misc]
        pages.append(page.items)
        cursor = page.next_cursor
        if cursor is None:
            return pages


async def test_pages_are_newest_first_and_give_each_alert_once(db: Database) -> None:
    await keep(db, schema.alerts, *(an_alert(n) for n in range(1, 8)))
    pages = await every_page(db, lambda c, at: queries.alerts(c, limit=3, cursor=at))
    assert [[a.number for a in page] for page in pages] == [[7, 6, 5], [4, 3, 2], [1]]


async def test_what_arrives_between_two_pages_moves_nothing(db: Database) -> None:
    await keep(db, schema.alerts, *(an_alert(n) for n in range(1, 5)))
    first = await db.read(lambda c: queries.alerts(c, limit=2))
    await keep(db, schema.alerts, an_alert(5))
    second = await db.read(lambda c: queries.alerts(c, limit=2, cursor=first.next_cursor))
    assert ids(first) + ids(second) == [4, 3, 2, 1]
    assert second.next_cursor is None


async def test_alert_filters(db: Database) -> None:
    odd = {"alertname": "证书过期", 'we"ird.$': "a'b%", "app": "pay"}
    await keep(
        db,
        schema.alerts,
        an_alert(1, status="resolved", severity="critical"),
        an_alert(2, severity="warning", incident=None, annotations={"summary": "100% Full"}),
        an_alert(3, labels=odd, last_seen=_minutes(30)),
    )

    async def found(**wanted: Any) -> list[int]:
        return ids(await db.read(lambda c: queries.alerts(c, Filter(**wanted))))

    assert await found() == [3, 2, 1]
    assert await found(status=("resolved",)) == [1]
    assert await found(severity=("critical", "warning")) == [2, 1]
    assert await found(labels=(("app", "shop"),)) == [2, 1]
    assert await found(labels=(("app", "shop"), ("n", "2"))) == [2]
    assert await found(labels=(("app", "shop"), ("app", "pay"))) == []
    assert await found(labels=(('we"ird.$', "a'b%"),)) == [3]
    assert await found(labels=(("$", "x"),)) == []
    assert await found(q="证书") == [3]
    assert await found(q="0% fULL") == [2]
    assert await found(q="%") == [3, 2]
    assert await found(since=_minutes(2)) == [3, 2]
    assert await found(until=_minutes(2)) == [1]
    assert await found(since=_minutes(20), until=_minutes(25)) == [3]
    of_one = await db.read(lambda c: queries.alerts(c, incident=1))
    assert ids(of_one) == [3, 1]


async def test_alert_of_a_fingerprint_is_the_episode_of_that_moment(db: Database) -> None:
    await keep(
        db, schema.alerts, an_alert(1, fingerprint="f"), an_alert(9, fingerprint="f"), an_alert(3)
    )

    async def at(minute: float) -> int | None:
        alert = await db.read(lambda c: queries.alert_of_fingerprint(c, "f", _minutes(minute)))
        return alert and alert.number

    assert [await at(0), await at(1), await at(8), await at(9), await at(99)] == [1, 1, 1, 9, 9]
    assert await db.read(lambda c: queries.alert_of_fingerprint(c, "none", NOON)) is None


async def test_incidents_and_their_stories(db: Database) -> None:
    def incident(number: int, **values: Any) -> Incident:
        made: dict[str, Any] = {
            "id": f"i{number}",
            "number": number,
            "key": "0:{}",
            "title": f"磁盘满 {number}",
            "labels": {"app": "shop"},
            "started_at": _minutes(number),
            "updated_at": _minutes(number),
        }
        return Incident(**{**made, **values})

    await keep(
        db,
        schema.incidents,
        incident(1, status="resolved", severity="critical", resolution="加盘"),
        incident(2),
    )
    item = {"kind": "article", "id": "KB-1", "title": "磁盘满", "score": 0.9, "confidence": "high"}

    def tell(c: Connection) -> None:
        c.execute(
            insert(schema.timeline),
            [
                {"incident": n, "at": _minutes(t), "kind": "note", "by": "li.wei", "text": str(t)}
                for n, t in ((1, 5), (2, 1), (1, 2))
            ],
        )
        c.execute(insert(schema.similar_items).values(incident=1, items=[item], at=NOON))
        c.execute(
            insert(schema.analyses),
            [
                {
                    "id": uuid7(),
                    "incident": 1,
                    "kind": "incident",
                    "result": {"summary": text},
                    "degraded": True,
                    "at": _minutes(minute),
                }
                for text, minute in (("old", 1), ("new", 3), ("middle", 2))
            ],
        )

    await db.write(tell)
    assert ids(await db.read(lambda c: queries.incidents(c, Filter(q="加盘")))) == [1]
    assert ids(await db.read(lambda c: queries.incidents(c, Filter(status=("triggered",))))) == [2]
    stories = await db.read(lambda c: queries.stories(c, [1, 2, 3]))
    assert [entry.text for entry in stories[1].timeline] == ["5", "2"]  # in order of writing
    assert stories[1].similar[0].title == "磁盘满"
    assert stories[1].analysis == {"summary": "new"}
    assert stories[2].similar == []
    assert stories[2].analysis is None
    assert stories[3] == queries.Story()
    found = await db.read(lambda c: queries.incident(c, 1))
    assert found is not None
    assert found.resolution == "加盘"
    assert await db.read(lambda c: queries.incident(c, 4)) is None


async def test_notifications_of_an_alert(db: Database) -> None:
    def told(number: int, *alerts: str, **values: Any) -> Notification:
        made: dict[str, Any] = {
            "id": f"n{number}",
            "number": number,
            "channel": "ops",
            "incident": 1,
            "alerts": alerts,
            "kind": "firing",
            "key": f"n{number}",
            "payload": "x" * 100,
            "due_at": NOON,
            "created_at": _minutes(number),
        }
        return Notification(**{**made, **values})

    await keep(db, schema.alerts, an_alert(1), an_alert(10, incident=2))
    refused = Receipt("310000", "关键词不匹配", NOON)
    await keep(
        db,
        schema.notifications,
        told(1, "a1", "a2", receipt=refused, state="dead"),
        told(2, "a10", incident=2),
        told(3, "a10", "a1", channel="room"),
    )
    of_a1 = await db.read(lambda c: queries.notifications_of_alert(c, "a1"))
    assert [n.number for n in of_a1] == [1, 3]
    assert of_a1[0].receipt == refused
    assert of_a1[0].payload == ""
    assert ids(await db.read(lambda c: queries.notifications(c, Filter(status=("dead",))))) == [1]
    assert ids(await db.read(lambda c: queries.notifications(c, channel="room"))) == [3]
    assert ids(await db.read(lambda c: queries.notifications(c, Filter(q="关键词")))) == [1]
    one = await db.read(lambda c: queries.notification(c, 1))
    assert one is not None
    assert len(one.payload) == 100
    assert await db.read(lambda c: queries.alert_numbers(c, ["a1", "a10", "zz"])) == {
        "a1": 1,
        "a10": 10,
    }
    assert await db.read(lambda c: queries.notification_numbers(c, ["n3"])) == {"n3": 3}


async def test_silences_by_status(db: Database) -> None:
    def silence(number: int, starts: float, ends: float) -> Silence:
        return Silence(
            id=f"s{number}",
            number=number,
            matchers=parse_matchers(['host=~"db-.*"']),
            starts_at=_minutes(starts),
            ends_at=_minutes(ends),
            comment="发布中",
            created_by="li.wei",
            created_at=NOON,
        )

    await keep(db, schema.silences, silence(1, -10, 0), silence(2, -10, 10), silence(3, 5, 10))

    async def having(*status: str) -> list[int]:
        wanted = Filter(status=status)
        return ids(await db.read(lambda c: queries.silence_page(c, wanted, now=NOON)))

    assert await having() == [3, 2, 1]
    assert await having("active") == [2]
    assert await having("pending", "expired") == [3, 1]
    active = await db.read(lambda c: queries.silences(c, active_at=NOON))
    assert [s.number for s in active] == [2]
    assert active[0].matches({"host": "db-3"})


async def test_uploads(db: Database) -> None:
    def upload(number: int, **values: Any) -> Upload:
        made: dict[str, Any] = {
            "id": f"u{number}",
            "number": number,
            "source": "reports",
            "target": "disk",
            "path": f"/data/{number}.csv",
            "key": f"reports/{number}.csv",
            "size": 3,
            "version": f"3-{number}",
            "created_at": _minutes(number),
            "updated_at": _minutes(number),
        }
        return Upload(**{**made, **values})

    await keep(db, schema.uploads, upload(1), upload(2, state="failed", source="other"))
    assert ids(await db.read(lambda c: queries.uploads(c, Filter(status=("failed",))))) == [2]
    assert ids(await db.read(lambda c: queries.uploads(c, source="reports"))) == [1]
    assert ids(await db.read(lambda c: queries.uploads(c, Filter(q="/1.CSV")))) == [1]


async def test_rejected_events_page_by_their_id(journal_db: Database, journal: Journal) -> None:
    for n in range(5):
        await journal.reject("hook:main", "no_labels", f"entry {n}", "{}")
    pages = await every_page(
        journal_db, lambda c, at: queries.rejected_events(c, limit=2, cursor=at)
    )
    assert [[e.detail for e in page] for page in pages] == [
        ["entry 4", "entry 3"],
        ["entry 2", "entry 1"],
        ["entry 0"],
    ]
    last = pages[0][0]
    assert await journal_db.read(lambda c: queries.rejected_event(c, last.id)) == last


async def test_a_cursor_of_another_list_is_refused(db: Database) -> None:
    with pytest.raises(InvalidInput):
        await db.read(lambda c: queries.alerts(c, cursor=encode_cursor("some-uuid")))
    with pytest.raises(InvalidInput):
        await db.read(lambda c: queries.rejected_events(c, cursor=encode_cursor(3)))


@given(st.integers(0, 2**63 - 1) | st.from_regex(r"[0-9a-f-]{1,36}", fullmatch=True))
def test_a_cursor_comes_back_as_it_went(key: int | str) -> None:
    assert decode_cursor(encode_cursor(key)) == key


@given(st.text(max_size=40))
def test_any_other_text_is_no_cursor_or_a_harmless_one(text: str) -> None:
    try:
        key = decode_cursor(text)
    except InvalidInput as error:
        refused = error.problems[0].path
        key = refused
    assert isinstance(key, str) or 0 <= key < 2**63
