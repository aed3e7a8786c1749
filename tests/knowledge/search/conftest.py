"""A live knowledge base on a real store, with the articles of bilingual.jsonl."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import Connection, insert

from core.clock import utc_now
from core.model import Alert, Incident, TimelineEntry
from core.store import Database, schema
from core.store.rows import to_row
from knowledge.article.articles import Articles
from knowledge.article.draft import Draft
from knowledge.embed.builtin import BuiltinEmbedder
from knowledge.embed.encoder import Encoder
from knowledge.evaluate import EvalDocument, read_lines
from knowledge.index.live import LiveIndex
from knowledge.search import Search
from knowledge.similar import Similar

Happen = Callable[..., Awaitable[tuple[Incident, list[Alert]]]]


class Base(msgspec.Struct):
    """The parts under test."""

    db: Database
    live: LiveIndex
    articles: Articles
    search: Search
    similar: Similar

    async def publish(self, draft: Draft) -> str:
        """Bring a draft through its review."""
        article = await self.articles.create(draft, "a")
        await self.articles.submit(article.number, "a")
        await self.articles.approve(article.number, "b")
        return article.id


def make_base(db: Database, embedder: Any) -> Base:
    """A base that is not started."""
    live = LiveIndex(db, Encoder(embedder))
    articles = Articles(db)
    articles.on_change = live.wake
    return Base(db, live, articles, Search(live, 0.2, "en"), Similar(live, 0.2, "en"))


@pytest.fixture
async def base(db: Database, builtin: BuiltinEmbedder) -> AsyncIterator[Base]:
    """Started, empty."""
    made = make_base(db, builtin)
    made.live.start()
    yield made
    await made.live.stop()


@pytest.fixture
async def filled(base: Base) -> Base:
    """Started, with every article of bilingual.jsonl published."""
    for given in read_lines(Path(__file__).parent / "bilingual.jsonl", EvalDocument):
        await base.publish(Draft(title=given.title, body=given.text, tags=[given.id]))
    await base.live.settled()
    return base


@pytest.fixture
def happen(db: Database) -> Happen:
    """Stores an incident with its alerts; `notes` go into its timeline."""

    async def make(
        number: int,
        name: str,
        summary: str,
        *,
        labels: dict[str, str] | None = None,
        notes: tuple[str, ...] = (),
        source: str = "log:x",
        rule: str = "",
        **values: Any,
    ) -> tuple[Incident, list[Alert]]:
        at = utc_now()
        made: dict[str, Any] = {
            "id": f"i{number}",
            "number": number,
            "key": f"0:{name}",
            "title": summary,
            "status": "resolved",
            "labels": {"alertname": name},
            "alert_count": 1,
            "started_at": at,
            "updated_at": at,
            "resolved_at": at,
        }
        incident = Incident(**{**made, **values})
        alert = Alert(
            id=f"a{number}",
            number=number,
            fingerprint=f"f{number}",
            labels={"alertname": name, **(labels or {})},
            annotations={"summary": summary},
            first_seen=at,
            last_seen=at,
            starts_at=at,
            source=source,
            rule=rule,
            incident=number,
        )
        entries = [
            {"incident": number, **to_row(TimelineEntry(at, "note", "li.wei", note))}
            for note in notes
        ]

        def work(connection: Connection) -> None:
            connection.execute(insert(schema.incidents), to_row(incident))
            connection.execute(insert(schema.alerts), to_row(alert))
            if entries:
                connection.execute(insert(schema.timeline), entries)

        await db.write(work)
        return incident, [alert]

    return make
