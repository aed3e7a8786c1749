"""What is remembered of an article and of an incident."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from core.model import Alert, Incident, TimelineEntry
from core.store.queries import ArticleRow
from knowledge.index.document import fix_section, is_test, of_article, of_incident, sayings
from knowledge.index.words import fold

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def an_alert(**values: Any) -> Alert:
    made: dict[str, Any] = {
        "id": "a1",
        "number": 1,
        "fingerprint": "f",
        "labels": {"alertname": "PoolExhausted", "app": "pay", "host": "pay-01"},
        "annotations": {"summary": "连接池耗尽", "description": "pay 的连接池耗尽，请求超时"},
        "first_seen": NOON,
        "last_seen": NOON,
        "starts_at": NOON,
        "source": "log:pay",
        "rule": "pool",
    }
    return Alert(**{**made, **values})


def an_incident(**values: Any) -> Incident:
    made: dict[str, Any] = {
        "id": "i1",
        "number": 7,
        "key": "k",
        "title": "连接池耗尽",
        "status": "resolved",
        "labels": {"alertname": "PoolExhausted"},
        "started_at": NOON,
        "updated_at": NOON,
        "resolution": "重启了 pay-01",
    }
    return Incident(**{**made, **values})


def an_article(body: str, **values: Any) -> ArticleRow:
    made: dict[str, Any] = {
        "id": "KB-3",
        "number": 3,
        "title": "连接池耗尽（HikariPool、Too many connections）",
        "body": body,
        "tags": ["连接池", "linux", "slow query"],
        "labels": {"alertname": "PoolExhausted"},
        "services": ["Pay"],
        "severity": "critical",
        "owner": "ops",
        "status": "published",
        "version": 1,
        "created_by": "a",
        "created_at": NOON,
        "updated_at": NOON,
    }
    return ArticleRow(**{**made, **values})


def test_an_article_is_known_by_its_names() -> None:
    document = of_article(an_article("正文"))
    for name in ("HikariPool", "too-many-connections", "PoolExhausted", "连接池", "slow query"):
        assert fold(name) in document.names
    assert "linux" not in document.names
    assert document.services == {"pay"}


def test_a_heading_that_repeats_the_title_is_not_read_twice() -> None:
    assert of_article(an_article("# Disk full\n\nbody", title="Disk full")).passages == ("body",)
    assert of_article(an_article("# Other\n\nbody", title="Disk full")).passages == (
        "# Other\n\nbody",
    )


def test_an_incident_holds_what_fired_what_was_noted_and_what_helped() -> None:
    timeline = [
        TimelineEntry(NOON, "alert", "log:pay", "ALT-1 firing"),
        TimelineEntry(NOON, "note", "li.wei", "慢查询占满了连接"),
    ]
    document = of_incident(an_incident(), [an_alert()], timeline)
    text = "\n".join(document.passages)
    for part in ("PoolExhausted", "请求超时", "慢查询占满了连接", "重启了 pay-01"):
        assert part in text
    assert "ALT-1" not in text
    assert document.fix == "重启了 pay-01"
    assert document.services == {"pay"}
    assert document.labels["host"] == "pay-01"


def test_without_a_resolution_the_last_note_is_the_fix() -> None:
    notes = [TimelineEntry(NOON, "note", "a", text) for text in ("看日志", "扩容到 4 核")]
    assert of_incident(an_incident(resolution=""), [], notes).fix == "扩容到 4 核"
    assert of_incident(an_incident(resolution=""), [], []).fix == ""


def test_what_a_source_repeats_is_read_once() -> None:
    alert = an_alert(annotations={"summary": "disk full", "description": "disk full", "log": "x"})
    assert sayings(alert) == ["disk full", "x"]


@pytest.mark.parametrize(
    ("body", "fix"),
    [
        (
            "## 现象\n\n满\n\n## 处理\n\n1. 清理日志\n2. 扩容\n3. 报告\n\n## 预防\n",
            "清理日志\n扩容",
        ),
        ("## Fix\n\n- one\n  goes on\n- two\n", "one goes on\ntwo"),
        ("## Mitigation\nRestart it.\n# Next\nno", "Restart it."),
        (
            "## 诊断\n```sh\n## fix\n```\n### 处理步骤\n```sh\ndf -h\n```\n删旧文件",
            "df -h\n删旧文件",
        ),
        ("## Fix\n\n### First\n\nrestart\n\n### Then\n\nwait", "restart\nwait"),
        ("## 现象\n\n没有处理一节", ""),
        ("", ""),
    ],
)
def test_the_fix_section(body: str, fix: str) -> None:
    assert fix_section(body) == fix


def test_a_long_fix_is_cut() -> None:
    assert len(fix_section("## Fix\n" + "x" * 1000)) == 160


def test_tests_are_told_from_real_incidents() -> None:
    assert not is_test(an_incident(), [an_alert()])
    assert is_test(an_incident(labels={"test": "true"}), [])
    assert is_test(an_incident(), [an_alert(labels={"alertname": "X", "test": "True"})])
    assert is_test(an_incident(), [an_alert(source="eval:kb")])
