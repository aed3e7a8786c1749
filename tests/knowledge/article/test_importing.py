"""Import: folders become articles, and the second time nothing happens."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.store import Database, queries
from core.store.queries import ArticleRow
from knowledge.article.articles import Articles
from knowledge.article.draft import Draft
from knowledge.article.importing import Importer, ImportReport, Source

FULL = """---
title: 磁盘写满
tags: [disk, 磁盘满]
labels: {alertname: DiskFull, port: 9100, paged: true}
services: linux, shop
severity: P1
owner: ops
weight: 3
---
# Another heading

先删日志。
"""


@pytest.fixture
def articles(db: Database) -> Articles:
    return Articles(db)


@pytest.fixture
def importer(db: Database, articles: Articles) -> Importer:
    return Importer(db, articles, "en")


async def every(db: Database) -> dict[str, ArticleRow]:
    page = await db.read(lambda c: queries.articles(c, limit=500))
    return {Path(a.source_path or "").name: a for a in page.items}


def counts(report: ImportReport) -> tuple[int, int, int, int]:
    return (
        len(report.created),
        len(report.changed),
        len(report.unchanged),
        len(report.failed),
    )


async def test_front_matter_heading_or_name_give_the_title(
    importer: Importer, db: Database, tmp_path: Path
) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "full.md").write_text(FULL)
    (tmp_path / "deep" / "heading.markdown").write_text(
        "```\n# code\n```\n# Redis 内存满 #\n\nbody"
    )
    (tmp_path / "deep" / "er" / "plain-name.md").write_text("just text")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG")
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "x.md").write_text("x")
    report = await importer.folders([tmp_path], "ops")
    assert counts(report) == (3, 0, 0, 0)
    found = await every(db)
    full = found["full.md"]
    assert (full.title, full.status, full.severity, full.owner) == (
        "磁盘写满",
        "published",
        "critical",
        "ops",
    )
    assert full.tags == ["disk", "磁盘满"]
    assert full.labels == {"alertname": "DiskFull", "port": "9100", "paged": "true"}
    assert full.services == ["linux", "shop"]
    assert full.body == "# Another heading\n\n先删日志。"
    assert full.created_by == "ops"
    assert found["heading.markdown"].title == "Redis 内存满"
    assert found["plain-name.md"].title == "plain-name"


async def test_again_nothing_changes_and_a_changed_file_is_a_new_version(
    importer: Importer, articles: Articles, db: Database, tmp_path: Path
) -> None:
    for n in range(3):
        (tmp_path / f"{n}.md").write_text(f"text {n}")
    assert counts(await importer.folders([tmp_path], "ops")) == (3, 0, 0, 0)
    assert counts(await importer.folders([tmp_path, tmp_path / "1.md"], "ops")) == (0, 0, 3, 0)
    (tmp_path / "1.md").write_text("other")
    report = await importer.folders([tmp_path], "ops")
    assert counts(report) == (0, 1, 2, 0)
    changed = (await every(db))["1.md"]
    assert (changed.body, changed.version, changed.status) == ("other", 2, "published")
    assert len(await articles.versions(changed.number)) == 2
    assert counts(await importer.folders([tmp_path], "ops")) == (0, 0, 3, 0)


async def test_a_dry_run_writes_nothing(importer: Importer, db: Database, tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("a")
    assert counts(await importer.folders([tmp_path], "ops", dry_run=True)) == (1, 0, 0, 0)
    assert await every(db) == {}
    await importer.folders([tmp_path], "ops")
    (tmp_path / "a.md").write_text("b")
    assert counts(await importer.folders([tmp_path], "ops", dry_run=True)) == (0, 1, 0, 0)
    assert (await every(db))["a.md"].body == "a"


async def test_what_fails_says_why_and_stops_nothing(
    importer: Importer, db: Database, tmp_path: Path
) -> None:
    (tmp_path / "0-yaml.md").write_text("---\ntitle: [\n---\nx")
    (tmp_path / "1-list.md").write_text("---\n- a\n---\nx")
    (tmp_path / "2-type.md").write_text("---\ntags: {a: b}\n---\nx")
    (tmp_path / "3-status.md").write_text("---\nstatus: ready\n---\nx")
    (tmp_path / "4-large.md").write_bytes(b"x" * (1024 * 1024 + 1))
    (tmp_path / "5-bytes.md").write_bytes(b"\xff\xfe\xfa\xfb\xff")
    (tmp_path / "6-binary.md").write_bytes(b"\x00\x01\x02")
    (tmp_path / "7-empty.md").write_text("---\ntitle: t\n---\n")
    (tmp_path / "8-good.md").write_text("good")
    (tmp_path / "notes.txt").write_text("x")
    report = await importer.folders([tmp_path, tmp_path / "gone", tmp_path / "notes.txt"], "ops")
    assert list(await every(db)) == ["8-good.md"]
    reasons = {Path(failed.path).name: failed.reason for failed in report.failed}
    assert reasons.keys() == {
        "0-yaml.md", "1-list.md", "2-type.md", "3-status.md", "4-large.md", "5-bytes.md",
        "6-binary.md", "7-empty.md", "gone", "notes.txt",
    }  # fmt: skip
    assert "not YAML (line 3)" in reasons["0-yaml.md"]
    assert "tags" in reasons["2-type.md"]
    assert "published" in reasons["3-status.md"]
    assert "1 MiB" in reasons["4-large.md"]
    assert "gb18030" in reasons["5-bytes.md"]
    assert "body: is empty" in reasons["7-empty.md"]


async def test_encodings(importer: Importer, db: Database, tmp_path: Path) -> None:
    (tmp_path / "gb.md").write_bytes("# 磁盘满\r\n\r\n删除日志".encode("gb18030"))
    (tmp_path / "bom.md").write_bytes("\ufeff# 时钟".encode())
    await importer.folders([tmp_path], "ops")
    found = await every(db)
    assert found["gb.md"].title == "磁盘满"
    assert found["gb.md"].body == "# 磁盘满\n\n删除日志"
    assert found["bom.md"].title == "时钟"


async def test_a_line_at_the_top_is_no_front_matter(
    importer: Importer, db: Database, tmp_path: Path
) -> None:
    (tmp_path / "rule.md").write_text("---\n\nno second fence: here")
    assert counts(await importer.folders([tmp_path], "ops")) == (1, 0, 0, 0)
    assert (await every(db))["rule.md"].title == "rule"


async def test_the_files_own_status(importer: Importer, db: Database, tmp_path: Path) -> None:
    file = tmp_path / "a.md"
    file.write_text("---\nstatus: draft\n---\nx")
    await importer.folders([tmp_path], "ops")
    assert (await every(db))["a.md"].status == "draft"
    file.write_text("---\nstatus: archived\n---\ny")
    await importer.folders([tmp_path], "ops")
    assert (await every(db))["a.md"].status == "archived"


async def test_what_people_archived_stays_archived(
    importer: Importer, articles: Articles, db: Database, tmp_path: Path
) -> None:
    (tmp_path / "a.md").write_text("a")
    await importer.folders([tmp_path], "ops")
    await articles.archive(1, "li.wei")
    (tmp_path / "a.md").write_text("b")
    assert counts(await importer.folders([tmp_path], "ops")) == (0, 0, 1, 0)
    assert (await every(db))["a.md"].body == "a"


async def test_edits_are_kept_where_they_should_be(
    importer: Importer, articles: Articles, tmp_path: Path
) -> None:
    file = tmp_path / "a.md"
    sources = [Source("starter/a.md", file)]
    file.write_text("one")
    await importer.sources(sources, "tocsin", keep_edits=True)
    file.write_text("two")
    assert counts(await importer.sources(sources, "tocsin", keep_edits=True)) == (0, 1, 0, 0)
    await articles.update(1, Draft(title="t", body="ours"), "li.wei")
    file.write_text("three")
    assert counts(await importer.sources(sources, "tocsin", keep_edits=True)) == (0, 0, 1, 0)
    assert (await articles.get(1)).body == "ours"
    assert counts(await importer.sources(sources, "tocsin")) == (0, 1, 0, 0)


async def test_progress_is_told(importer: Importer, tmp_path: Path) -> None:
    for n in range(10):
        (tmp_path / f"{n}.md").write_text("x")
    seen: list[tuple[int, int]] = []
    await importer.folders([tmp_path], "ops", progress=lambda done, of: seen.append((done, of)))
    assert seen == [(8, 10), (10, 10)]
