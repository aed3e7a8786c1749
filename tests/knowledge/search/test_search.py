"""Search: what is found, what is not, and what is said about it."""

from __future__ import annotations

from typing import Any

import pytest

from core import metrics
from core.errors import InvalidInput
from core.store import Database
from knowledge.article.draft import Draft
from knowledge.embed.builtin import BuiltinEmbedder
from knowledge.index import live
from knowledge.search import HIGH, MEDIUM, confidence
from tests.knowledge.search.conftest import Base, Happen, make_base


async def titles(base: Base, query: str, **options: Any) -> list[str]:
    return [item.title for item in (await base.search.search(query, **options)).items]


async def test_words_names_and_meaning_in_both_languages(filled: Base) -> None:
    for query, title in (
        ("No space left on device", "磁盘写满"),
        ("磁盘写满了怎么办", "磁盘写满"),
        ("kubepodcrashlooping", "KubePodCrashLooping"),
        ("why does kube-pod-crash-looping fire", "KubePodCrashLooping"),
        ("证书已经过期", "TLS certificate expired"),
        ("Redis out of memory, writes refused", "Redis 内存达到上限"),
    ):
        assert (await titles(filled, query))[0] == title


async def test_what_is_said_about_a_find(filled: Base) -> None:
    item = (await filled.search.search("HikariPool-1 Connection is not available")).items[0]
    assert (item.kind, item.title) == ("article", "数据库连接池耗尽")
    assert item.id.startswith("KB-")
    assert "HikariPool" in item.snippet
    assert len(item.snippet) <= 202
    assert item.matched.startswith("words: ")
    assert "HikariPool" in item.matched
    assert item.confidence == confidence(item.score)


async def test_a_name_settles_it(filled: Base) -> None:
    item = (await filled.search.search("磁盘写满")).items[0]
    assert (item.title, item.confidence) == ("磁盘写满", "high")
    assert item.matched.startswith("same name")


async def test_chit_chat_finds_nothing(filled: Base) -> None:
    before = metrics.KB_SEARCHES._value.get(), metrics.KB_HITS._value.get()
    for query in (
        "今天中午吃什么",
        "hello how are you",
        "!!! …",
        "😀😀",
        "' OR 1=1 --",
        "* AND NOT",
    ):
        assert await titles(filled, query) == []
    await titles(filled, "磁盘写满")
    after = metrics.KB_SEARCHES._value.get(), metrics.KB_HITS._value.get()
    assert (after[0] - before[0], after[1] - before[1]) == (7, 1)


async def test_the_snippet_is_cut_around_what_was_found(base: Base) -> None:
    body = (
        "开头说的是别的事情。" * 20 + "这里提到 SignatureDoesNotMatch 的原因。" + "后面还有。" * 60
    )
    await base.publish(Draft(title="上传", body=body))
    await base.live.settled()
    snippet = (await base.search.search("SignatureDoesNotMatch")).items[0].snippet
    assert "SignatureDoesNotMatch" in snippet
    assert snippet.startswith("…")
    assert snippet.endswith("…")
    assert len(snippet) <= 202


@pytest.mark.parametrize("query", ["", "  \n ", "\ud800"])
async def test_an_empty_query(filled: Base, query: str) -> None:
    with pytest.raises(InvalidInput, match="empty"):
        await filled.search.search(query)


async def test_a_query_is_read_up_to_2000_characters(filled: Base) -> None:
    assert await titles(filled, "x " * 1000 + " 磁盘写满 No space left on device") == []
    assert (await titles(filled, "磁盘写满 " * 300_000))[0] == "磁盘写满"


async def test_kinds_and_limit(filled: Base, happen: Happen) -> None:
    await happen(1, "DiskFull", "磁盘写满 No space left on device", resolution="清理日志")
    await filled.live.settled()
    query = "磁盘写满 No space left on device"
    found = (await filled.search.search(query)).items
    assert {item.kind for item in found} == {"article", "incident"}
    assert [i.id for i in (await filled.search.search(query, kinds=("incident",))).items] == [
        "INC-1"
    ]
    only = (await filled.search.search(query, kinds=("article",))).items
    assert {item.kind for item in only} == {"article"}
    assert len(await titles(filled, query, limit=1)) == 1
    assert len(await titles(filled, query, limit=0)) == 1
    assert await titles(filled, query, kinds=()) == []
    with pytest.raises(InvalidInput, match="rule"):
        await filled.search.search(query, kinds=("rule",))


async def test_drafts_and_archived_articles_are_never_shown(base: Base) -> None:
    query = "zebra crossing ZebraFault"
    article = await base.articles.create(Draft(title="ZebraFault", body="zebra crossing"), "a")
    for step, shown in (
        (None, False),
        (base.articles.submit, False),
        (base.articles.approve, True),
        (base.articles.archive, False),
    ):
        if step is not None:
            await step(article.number, "a")
        await base.live.settled()
        assert bool(await titles(base, query)) is shown


async def test_an_edit_is_found_and_the_old_words_are_not(base: Base) -> None:
    number = int((await base.publish(Draft(title="Zebra", body="zebra fault"))).removeprefix("KB-"))
    await base.live.settled()
    assert await titles(base, "zebra fault") == ["Zebra"]
    await base.articles.update(number, Draft(title="Giraffe", body="giraffe trouble"), "a")
    await base.live.settled()
    assert await titles(base, "giraffe trouble") == ["Giraffe"]
    assert await titles(base, "zebra fault") == []


async def test_only_resolved_and_real_incidents_are_remembered(base: Base, happen: Happen) -> None:
    await happen(1, "ZebraFault", "zebra fault", status="triggered", resolved_at=None)
    await happen(2, "ZebraFault", "zebra fault", labels={"test": "true"})
    await happen(3, "ZebraFault", "zebra fault", source="eval:kb")
    await happen(4, "ZebraFault", "zebra fault")
    await base.live.settled()
    assert [item.id for item in (await base.search.search("ZebraFault")).items] == ["INC-4"]


async def test_words_answer_while_the_embedder_loads(
    db: Database, builtin: BuiltinEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "FIRST_LOOK", 0.05)
    base = make_base(db, builtin)  # its encoder was never told to load
    await base.publish(Draft(title="磁盘写满", body="No space left on device，先清理日志"))
    assert await titles(base, "No space left on device") == []
    loading = base.live
    await loading._look()
    loading._loaded.set()
    item = (await base.search.search("write: No space left on device")).items[0]
    assert item.title == "磁盘写满"
    assert item.matched == "words: space, left, device"
    await loading.stop()


def test_confidence_follows_the_score() -> None:
    assert [confidence(s) for s in (0.1, MEDIUM, HIGH, 1)] == ["weak", "medium", "high", "high"]
