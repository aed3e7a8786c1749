"""Articles: what may be done from which status, and that nothing of them is ever lost."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from core.errors import Conflict, InvalidInput, NotFound
from core.store import Database
from core.store.queries import ArticleRow
from core.store.schema import article_steps
from knowledge.article.articles import Articles
from knowledge.article.draft import Draft, clean

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Ticking:
    """A clock that moves a second each time it is read."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


@pytest.fixture
def articles(db: Database) -> Articles:
    return Articles(db, Ticking(), "en")


def a_draft(title: str = "Disk full", body: str = "## Fix\n\nFree space.") -> Draft:
    return Draft(
        title=title,
        body=body,
        tags=["disk"],
        labels={"alertname": "DiskFull"},
        services=["shop"],
        severity="warning",
        owner="ops",
    )


async def test_a_new_article_is_a_draft_with_one_version(articles: Articles) -> None:
    article = await articles.create(a_draft(), "li.wei", "first words")
    assert (article.id, article.number, article.status, article.version) == ("KB-1", 1, "draft", 1)
    assert article.labels == {"alertname": "DiskFull"}
    (version,) = await articles.versions(1)
    assert (version.author, version.reason, version.meta.tags) == (
        "li.wei",
        "first words",
        ["disk"],
    )
    assert await articles.get(1) == article


async def test_the_way_of_an_article(articles: Articles, db: Database) -> None:
    await articles.create(a_draft(), "a")
    assert (await articles.submit(1, "a")).status == "reviewing"
    assert (await articles.reject(1, "b", "say which disk")).status == "draft"
    assert (await articles.submit(1, "a")).status == "reviewing"
    assert (await articles.approve(1, "b", "good")).status == "published"
    assert (await articles.archive(1, "a", "old")).status == "archived"
    steps = await db.read(lambda c: c.execute(select(article_steps).order_by("seq")).all())
    assert [(s.by, s.status, s.comment) for s in steps] == [
        ("a", "reviewing", ""),
        ("b", "draft", "say which disk"),
        ("a", "reviewing", ""),
        ("b", "published", "good"),
        ("a", "archived", "old"),
    ]


@pytest.mark.parametrize(
    ("status", "allowed"),
    [
        ("draft", {"submit", "archive"}),
        ("reviewing", {"approve", "reject", "archive"}),
        ("published", {"archive"}),
        ("archived", set()),
    ],
)
async def test_a_step_that_its_status_does_not_allow_is_a_conflict(
    articles: Articles, status: str, allowed: set[str]
) -> None:
    for step in ("submit", "approve", "reject", "archive"):
        article = await articles.create(a_draft(), "a")
        if status in {"reviewing", "published"}:
            await articles.submit(article.number, "a")
        if status == "published":
            await articles.approve(article.number, "a")
        if status == "archived":
            await articles.archive(article.number, "a")
        if step in allowed:
            await getattr(articles, step)(article.number, "a")
        else:
            with pytest.raises(Conflict, match=status):
                await getattr(articles, step)(article.number, "a")


async def test_an_edit_is_a_new_version_and_keeps_the_status(articles: Articles) -> None:
    await articles.create(a_draft(), "a")
    await articles.submit(1, "a")
    await articles.approve(1, "b")
    changed = await articles.update(1, a_draft(body="Better."), "c", "clearer", 1)
    assert (changed.version, changed.status, changed.body) == (2, "published", "Better.")
    assert changed.updated_at > changed.created_at
    versions = await articles.versions(1)
    assert [(v.version, v.author, v.reason) for v in versions] == [
        (2, "c", "clearer"),
        (1, "a", ""),
    ]
    assert versions[1].body == "## Fix\n\nFree space."


async def test_two_edits_of_the_same_version_do_not_both_win(articles: Articles) -> None:
    await articles.create(a_draft(), "a")
    edits = [
        articles.update(1, a_draft(body=f"edit {n}"), "a", expected_version=1) for n in range(5)
    ]
    done = await asyncio.gather(*edits, return_exceptions=True)
    assert sum(isinstance(d, ArticleRow) for d in done) == 1
    assert sum(isinstance(d, Conflict) for d in done) == 4
    assert (await articles.get(1)).version == 2


async def test_a_rollback_is_a_new_version_with_the_old_content(articles: Articles) -> None:
    await articles.create(a_draft(body="one"), "a")
    await articles.update(1, Draft(title="Other", body="two"), "a")
    back = await articles.rollback(1, 1, "b")
    assert (back.version, back.title, back.body, back.tags) == (3, "Disk full", "one", ["disk"])
    assert [v.version for v in await articles.versions(1)] == [3, 2, 1]
    assert (await articles.versions(1))[0].reason == "Back to version 1"
    with pytest.raises(NotFound, match="no version 9"):
        await articles.rollback(1, 9, "b")


async def test_an_archived_article_does_not_change(articles: Articles) -> None:
    await articles.create(a_draft(), "a")
    await articles.archive(1, "a")
    for change in (articles.update(1, a_draft(), "a"), articles.rollback(1, 1, "a")):
        with pytest.raises(Conflict, match="archived"):
            await change


async def test_an_article_that_is_not_there(articles: Articles) -> None:
    for call in (
        articles.get(9),
        articles.versions(9),
        articles.submit(9, "a"),
        articles.update(9, a_draft(), "a"),
    ):
        with pytest.raises(NotFound, match="KB-9"):
            await call


@pytest.mark.parametrize(
    ("draft", "path"),
    [
        (Draft(title=" \n", body="b"), "title"),
        (Draft(title="t" * 301, body="b"), "title"),
        (Draft(title="t", body=" \n "), "body"),
        (Draft(title="t", body="满" * (1024 * 1024 // 3 + 1)), "body"),
        (Draft(title="t", body="b", severity="bad"), "severity"),
        (Draft(title="t", body="b", tags=["x" * 201]), "tags"),
        (Draft(title="t", body="b", labels={str(n): "v" for n in range(60)}), "labels"),
    ],
)
async def test_what_cannot_be_taken(articles: Articles, draft: Draft, path: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        await articles.create(draft, "a")
    assert [problem.path for problem in caught.value.problems] == [path]


def test_a_body_of_exactly_one_mebibyte_is_taken() -> None:
    assert len(clean(Draft(title="t", body="x" * 1024 * 1024)).body) == 1024 * 1024


async def test_secrets_are_masked_for_good(articles: Articles) -> None:
    article = await articles.create(
        Draft(
            title="login password=hunter2abc",
            body="curl -H 'Authorization: Bearer abcdef123456' …",
            labels={"token": "s3cr3t9"},
        ),
        "a",
        "with token=abc123def",
    )
    kept = str(article) + str(await articles.versions(1))
    for secret in ("hunter2abc", "abcdef123456", "s3cr3t9", "abc123def"):
        assert secret not in kept


async def test_text_that_no_database_takes_is_made_storable(articles: Articles) -> None:
    article = await articles.create(Draft(title="a\x00\ud800b", body="x\x00"), "a", "r\x00")
    assert (article.title, article.body) == ("a?b", "x")


async def test_one_article_a_source_path(articles: Articles) -> None:
    await articles.create(a_draft(), "a", source_path="/x.md")
    with pytest.raises(Conflict, match=r"/x\.md"):
        await articles.create(a_draft(), "a", source_path="/x.md")


async def test_changes_and_publications_are_told(articles: Articles) -> None:
    changes, published = [], []

    async def on_publish(article: ArticleRow) -> None:
        published.append(article.id)

    articles.on_change = lambda: changes.append(1)
    articles.on_publish = on_publish
    await articles.create(a_draft(), "a")
    await articles.submit(1, "a")
    assert published == []
    await articles.approve(1, "a")
    assert (len(changes), published) == (3, ["KB-1"])
