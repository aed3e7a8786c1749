"""The live index: in step with the store, over restarts, embedders and other processes."""

from __future__ import annotations

import asyncio
import hashlib
import time
from typing import Any

import numpy as np
import pytest
from sqlalchemy import delete, select, update

from core.clock import utc_now
from core.errors import TocsinError
from core.store import Database, schema
from knowledge.article.draft import Draft
from knowledge.embed.builtin import BuiltinEmbedder
from knowledge.index import live as live_module
from tests.knowledge.search.conftest import Base, Happen, make_base


class Hashing:
    """An embedder that knows no meaning and counts what it is asked; may be told to fail."""

    def __init__(self, name: str = "hashing", dim: int = 16) -> None:
        self.name = name
        self.dim = dim
        self.batch = 8
        self.texts: list[str] = []
        self.fails = False

    def embed(self, texts: list[str]) -> Any:
        if self.fails:
            raise TocsinError("the embedder is out of order")
        self.texts += texts
        rows = [
            np.random.default_rng(int(hashlib.sha256(t.encode()).hexdigest()[:8], 16)).normal(
                size=self.dim
            )
            for t in texts
        ]
        made = np.array(rows, dtype=np.float32).reshape(len(texts), self.dim)
        return made / np.linalg.norm(made, axis=1, keepdims=True)

    def rest(self) -> None:
        return


async def rows(db: Database) -> list[Any]:
    query = select(schema.passages).order_by("kind", "ref", "part", "embedder")
    return await db.read(lambda c: c.execute(query).all())


async def found(base: Base, query: str) -> list[str]:
    return [item.id for item in (await base.search.search(query)).items]


async def until_found(base: Base, query: str, ids: list[str], seconds: float = 3) -> float:
    started = time.monotonic()
    async with asyncio.timeout(seconds):
        while await found(base, query) != ids:
            await asyncio.sleep(0.01)
    return time.monotonic() - started


async def test_vectors_are_kept_in_the_store(base: Base, builtin: BuiltinEmbedder) -> None:
    await base.publish(Draft(title="Zebra", body="zebra fault\n\n" + "more words " * 80))
    await base.live.settled()
    kept = await rows(base.db)
    assert [(r.kind, r.ref, r.part) for r in kept] == [
        ("article", "KB-1", 0),
        ("article", "KB-1", 1),
    ]
    assert {r.embedder for r in kept} == {f"{builtin.name}/512"}
    vector = np.frombuffer(kept[0].vector, dtype="<f4")
    assert vector == pytest.approx(builtin.embed(["Zebra. zebra fault"])[0], abs=1e-5)
    assert base.live.counts == (1, 2, 0)


async def test_a_restart_embeds_nothing(db: Database, happen: Happen) -> None:
    embedder = Hashing()
    base = make_base(db, embedder)
    base.live.start()
    for n in range(5):
        await base.publish(Draft(title=f"Zebra{n}", body=f"zebra fault {'x' * n}"))
    await happen(1, "DiskFull", "disk full")
    await base.live.settled()
    await base.live.stop()
    assert len(embedder.texts) == 1 + 6  # the warm-up too

    embedder = Hashing()
    again = make_base(db, embedder)
    again.live.start()
    await again.live.settled()
    assert again.live.counts == (6, 6, 0)
    assert embedder.texts == ["warm up"]
    assert await found(again, "disk full") == ["INC-1"]
    await again.live.stop()


async def test_only_what_changed_is_embedded_again(db: Database) -> None:
    embedder = Hashing()
    base = make_base(db, embedder)
    base.live.start()
    await base.publish(Draft(title="Zebra", body="zebra fault"))
    await base.publish(Draft(title="Other", body="other fault"))
    await base.live.settled()
    embedder.texts.clear()
    await base.articles.update(1, Draft(title="Zebra", body="giraffe fault"), "a")
    await base.live.settled()
    assert embedder.texts == ["Zebra. giraffe fault"]
    await base.articles.update(1, Draft(title="Zebra", body="giraffe fault", tags=["x"]), "a")
    await base.live.settled()
    assert embedder.texts == ["Zebra. giraffe fault"]
    await base.live.stop()


async def test_another_embedder_embeds_anew_and_the_old_vectors_go(db: Database) -> None:
    for embedder in (Hashing("one"), Hashing("two"), Hashing("two", dim=24)):
        base = make_base(db, embedder)
        base.live.start()
        if embedder.name == "one":
            await base.publish(Draft(title="Zebra", body="zebra fault"))
        await base.live.settled()
        assert await found(base, "zebra fault") == ["KB-1"]
        key = f"{embedder.name}/{embedder.dim}"
        async with asyncio.timeout(3):
            while {r.embedder for r in await rows(db)} != {key}:
                await asyncio.sleep(0.01)
        await base.live.stop()


async def test_what_is_not_found_any_more_keeps_no_vectors(base: Base) -> None:
    await base.publish(Draft(title="Zebra", body="zebra fault"))
    await base.live.settled()
    await base.articles.archive(1, "a")
    await base.live.settled()
    assert await rows(base.db) == []
    assert base.live.counts == (0, 0, 0)


async def test_lost_vectors_are_made_again(base: Base, builtin: BuiltinEmbedder) -> None:
    await base.publish(Draft(title="Zebra", body="zebra fault"))
    await base.live.settled()
    await base.db.write(lambda c: c.execute(delete(schema.passages)))
    again = make_base(base.db, builtin)
    again.live.start()
    await again.live.settled()
    assert len(await rows(base.db)) == 1
    await again.live.stop()


async def test_what_another_process_writes_is_found_within_a_second(
    base: Base, builtin: BuiltinEmbedder, happen: Happen
) -> None:
    await base.live.settled()
    other = make_base(base.db, builtin)  # not started: like `tocsin kb import`
    await other.publish(Draft(title="ZebraFault", body="stripes"))
    assert await until_found(base, "ZebraFault", ["KB-1"]) < 1
    await happen(1, "LongNeck", "giraffe")
    assert await until_found(base, "LongNeck", ["INC-1"]) < 1
    await other.articles.archive(1, "a")
    assert await until_found(base, "ZebraFault", []) < 1
    await other.live.stop()


async def test_an_incident_that_opens_again_is_forgotten_until_it_is_resolved(
    base: Base, happen: Happen
) -> None:
    async def set_status(status: str) -> None:
        values = {"status": status, "updated_at": utc_now()}
        await base.db.write(lambda c: c.execute(update(schema.incidents).values(values)))
        await base.live.settled()

    await happen(1, "ZebraFault", "zebra fault")
    await base.live.settled()
    assert await found(base, "zebra fault") == ["INC-1"]
    await set_status("triggered")
    assert await found(base, "zebra fault") == []
    await set_status("resolved")
    assert await found(base, "zebra fault") == ["INC-1"]


async def test_what_was_deleted_is_found_out(
    base: Base, happen: Happen, monkeypatch: pytest.MonkeyPatch
) -> None:
    await happen(1, "ZebraFault", "zebra fault")
    await base.live.settled()
    await base.db.write(lambda c: c.execute(delete(schema.incidents)))
    monkeypatch.setattr(live_module, "LOOK_AGAIN", 0.0)
    await base.live.settled()
    assert await found(base, "zebra fault") == []


async def test_an_embedder_that_fails_leaves_the_words(db: Database) -> None:
    embedder = Hashing()
    embedder.fails = True
    base = make_base(db, embedder)
    base.live.start()
    await base.publish(Draft(title="Zebra", body="zebra fault"))
    await base.live.settled()
    assert base.live.encoder.error == "the embedder is out of order"
    assert await found(base, "zebra fault") == ["KB-1"]
    assert base.live.counts == (1, 1, 1)
    embedder.fails = False
    base.live.encoder._rests_until = 0.0  # its minute of rest is over
    async with asyncio.timeout(3):
        while base.live.counts != (1, 1, 0):
            await asyncio.sleep(0.01)
    assert base.live.encoder.error == ""
    assert len(await rows(db)) == 1
    await base.live.stop()


async def test_many_vectors_move_to_an_inverted_file(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("knowledge.index.vectors.FLAT_LIMIT", 50)
    base = make_base(db, Hashing())
    base.live.start()
    for n in range(3):
        body = "\n\n".join(f"zebra {n}{part} {'x ' * 320}" for part in range(30))
        await base.publish(Draft(title=f"Zebra{n}", body=body))
    await base.live.settled()
    vectors = base.live._index.vectors
    assert vectors is not None
    assert len(vectors) == 90
    assert not vectors.crowded
    await base.articles.archive(1, "a")
    await base.live.settled()
    assert len(vectors) == 60
    assert sorted(await found(base, "zebra 10 x zebra 20")) == ["KB-2", "KB-3"]
    await base.live.stop()


async def test_searches_go_on_while_articles_come_and_go(base: Base) -> None:
    await base.publish(Draft(title="Steady", body="steady zebra"))
    await base.live.settled()

    async def change(n: int) -> None:
        ref = await base.publish(Draft(title=f"Zebra{n}", body=f"zebra fault {n}"))
        await base.articles.archive(int(ref.removeprefix("KB-")), "a")

    async def ask() -> None:
        for _ in range(30):
            assert "KB-1" in await found(base, "steady zebra")

    await asyncio.gather(*(change(n) for n in range(10)), ask(), ask())
    await base.live.settled()
    assert base.live.counts == (1, 1, 0)
    assert len(await rows(base.db)) == 1


async def test_settled_ends_when_it_is_stopped(db: Database) -> None:
    base = make_base(db, Hashing())
    waiting = asyncio.create_task(base.live.settled())
    await asyncio.sleep(0)
    await base.live.stop()
    async with asyncio.timeout(2):
        await waiting
