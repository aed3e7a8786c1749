"""Given a real log, this is what the rules say of it."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.model import Alert, Incident, SimilarItem, TimelineEntry
from knowledge.analysis.digest import digest
from knowledge.analysis.extract import extract, rules_meta
from knowledge.analysis.material import MAX_TEXT, Material, of_incident, of_text
from knowledge.analysis.model import Analysis, Level

SAMPLES = Path(__file__).parent / "samples"
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def analysed(material: Material, language: str = "en") -> Analysis:
    return extract(material, digest(material), language, rules_meta(material))


def sample(name: str) -> str:
    return (SAMPLES / f"{name}.log").read_text("utf-8")


@pytest.mark.parametrize(
    ("name", "severity", "error", "cause"),
    [
        ("java", "high", "HikariPool-1 - Connection is not available", "OrderRepository.java:42"),
        ("python", "medium", "No such file or directory: '/data/in/a.csv'", "load.py:12"),
        ("go", "high", "nil pointer dereference", "server.go:42"),
        ("node", "high", "Error: connect ECONNREFUSED 127.0.0.1:6379", "port"),
        ("mysql", "high", "Could not execute Update_rows event on table shop.orders", "replica"),
        ("nginx", "high", "no live upstreams while connecting to upstream", "upstream"),
        ("kernel", "high", "Out of memory: Killed process 4321 (java)", "OOM"),
        ("chinese", "high", "写入日志失败：磁盘空间不足", "disk"),
    ],
)
def test_a_log_of_that_kind(name: str, severity: Level, error: str, cause: str) -> None:
    analysis = analysed(of_text(sample(name)))
    assert analysis.severity == severity
    assert any(error in quote for quote in analysis.key_errors[:3])
    assert cause in analysis.causes[0].text
    assert analysis.suggestions[0].source == "rules"
    assert 0.3 <= analysis.confidence <= 0.8
    assert analysis.meta.model == "rules"
    assert analysis.meta.degraded


@pytest.mark.parametrize("name", [path.stem for path in sorted(SAMPLES.glob("*.log"))])
@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_every_quotation_stands_in_the_log(name: str, language: str) -> None:
    text = sample(name)
    lines = text.split("\n")
    analysis = analysed(of_text(text), language)
    assert analysis.key_errors
    assert all(quote in text for quote in analysis.key_errors)
    for cause in analysis.causes:
        assert cause.evidence
        for evidence in cause.evidence:
            assert evidence.quote in lines[int(evidence.ref.removeprefix("L")) - 1]


def test_stack_frames_and_source_lines_are_no_errors_of_their_own() -> None:
    quotes = (
        analysed(of_text(sample("python"))).key_errors
        + analysed(of_text(sample("java"))).key_errors
    )
    assert not [q for q in quotes if q.startswith(("at ", "File ", "raise ", "return "))]


def test_what_the_logger_calls_information_is_not_trouble() -> None:
    calm = "INFO disk usage 41% on /data\nDEBUG timeout=30s, 0 errors\nall is well\n"
    analysis = analysed(of_text(calm))
    assert analysis.severity == "low"
    assert analysis.key_errors == ()
    assert analysis.causes == ()
    assert "3 line(s) without any sign of an error" in analysis.summary


def test_nothing_to_analyse() -> None:
    assert analysed(of_text(" \n\n"), "zh-CN").summary == "没有可分析的内容。"


def test_a_secret_is_nowhere_and_quotations_stay_literal() -> None:
    text = "ERROR login to db failed: password=hunter2secret timed out at 10.0.0.5"
    analysis = analysed(of_text(text))
    assert analysis.meta.redacted
    assert "hunter2secret" not in str(analysis)
    assert analysis.key_errors
    assert all(quote in text for quote in analysis.key_errors)


def test_the_quotation_of_a_long_line_shows_its_trouble() -> None:
    text = "x" * 900 + " FATAL out of memory " + "y" * 900
    (quote,) = analysed(of_text(text)).key_errors
    assert "FATAL out of memory" in quote
    assert quote in text
    assert len(quote) <= 300


def an_alert(number: int, **values: Any) -> Alert:
    given: dict[str, Any] = {
        "id": f"a{number}",
        "number": number,
        "fingerprint": f"f{number}",
        "severity": "critical",
        "labels": {"alertname": "DiskFull", "host": "db-01"},
        "annotations": {"summary": "ERROR disk usage 97% on /data: No space left on device"},
        "count": 40,
        "first_seen": NOON,
        "last_seen": NOON,
        "starts_at": NOON,
        "source": "log:shop",
    }
    return Alert(**(given | values))


INCIDENT = Incident(
    id="i1", number=1, key="k", title="DiskFull on db-01", labels={"alertname": "DiskFull"},
    severity="critical", started_at=NOON, updated_at=NOON,
)  # fmt: skip
RUNBOOK = SimilarItem(
    kind="article", id="KB-5", title="磁盘满", score=0.6, confidence="high",
    snippet="No space left on device", fix="先删除已轮转的旧日志\n再扩容",
)  # fmt: skip
PAST = SimilarItem(
    kind="incident", id="INC-9", title="DiskFull on db-02", score=0.3, confidence="weak",
    snippet="disk usage 99%", fix="rm -rf /data/tmp",
)  # fmt: skip


def test_an_incident_with_a_runbook() -> None:
    material = of_incident(INCIDENT, [an_alert(1)], [RUNBOOK, PAST], [])
    analysis = analysed(material, "zh-CN")
    assert analysis.severity == "high"
    assert analysis.summary.startswith(
        "DiskFull on db-01：1 条告警，共 40 次。主要现象是磁盘空间不足"
    )
    assert "与 KB-5《磁盘满》相似，当时的处理：先删除已轮转的旧日志 再扩容" in analysis.summary
    # Nothing is concluded from what is only weakly similar: not from INC-9.
    assert [(s.source, s.risk) for s in analysis.suggestions] == [
        ("KB-5", "medium"), ("rules", "medium"),
    ]  # fmt: skip
    log, article = analysis.causes
    assert log.evidence[0].ref == "ALT-1"
    assert article.evidence[0].kind == "article"
    assert article.evidence[0].ref == "KB-5"
    assert analysis.unknown == ()


def test_an_alert_that_only_has_a_name() -> None:
    alert = an_alert(3, annotations={}, severity="warning", source="hook:main")
    analysis = analysed(of_incident(INCIDENT, [alert], [], []))
    assert analysis.severity == "medium"
    assert analysis.key_errors == ("DiskFull",)
    assert "There is no log text" in analysis.unknown[0]
    assert "no similar incident" in analysis.unknown[1]


def test_an_incident_without_alerts_still_has_an_analysis() -> None:
    entry = TimelineEntry(NOON, "note", "li.wei", "looking")
    analysis = analysed(of_incident(INCIDENT, [], [], [entry]))
    assert analysis.summary.startswith("DiskFull on db-01: 0 alert(s)")
    assert analysis.key_errors == ()


_WORDS = st.sampled_from(
    ["ERROR ", "failed", "Caused by: a.b.CError: ", "\tat a.b(C.java:1)", "Traceback (", "panic: x",
     'File "a", line 1', "password=abcdef12", "\x1b[31m", "***", "超时", "No space left", "\r",
     "\n", "\n", "{", "}", "\ud800", "\u2028", "L1| ", "INFO "]
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(_WORDS | st.text(max_size=20), max_size=40).map("".join))
def test_garbage_never_raises_and_is_quoted_literally(text: str) -> None:
    analysis = analysed(of_text(text))
    assert len(analysis.key_errors) <= 5
    assert all(quote and quote in text for quote in analysis.key_errors)
    assert all(cause.evidence for cause in analysis.causes)
    alert = an_alert(1, annotations={"log": text})
    of_alert = analysed(of_incident(INCIDENT, [alert], [RUNBOOK], []), "zh-CN")
    assert all(quote in text or quote == "DiskFull" for quote in of_alert.key_errors)


_LINES = {
    "mixed": "2026-05-01 12:00:01 INFO ok 1\nERROR a failed 2\n"
    "java.lang.OutOfMemoryError: Java heap\n\tat com.shop.A.b(A.java:1)\n",
    "tiny": "1\n",
    "secrets": "password=hunter2secret user x\n",
}


@pytest.mark.parametrize("kind", list(_LINES))
async def test_four_megabytes_take_seconds_at_most_and_leave_the_loop_free(kind: str) -> None:
    line = _LINES[kind]
    text = (line * (MAX_TEXT // len(line) + 1))[:MAX_TEXT]
    pauses = [0.0]

    async def tick() -> None:
        while True:
            at = time.perf_counter()
            await asyncio.sleep(0.005)
            pauses.append(time.perf_counter() - at - 0.005)

    ticking = asyncio.create_task(tick())
    started = time.perf_counter()
    await asyncio.to_thread(lambda: analysed(of_text(text)))
    took = time.perf_counter() - started
    ticking.cancel()
    assert took < 10  # about 1 on a free core
    assert max(pauses) < 1


def test_a_longer_text_loses_its_middle_and_says_so() -> None:
    text = "first ERROR a failed\n" + "x\n" * MAX_TEXT + "last ERROR b failed\n"
    analysis = analysed(of_text(text))
    assert analysis.meta.truncated
    assert len(analysis.key_errors) == 2
    assert "only a part of it was read" in analysis.unknown[-1]
    last = next(c for c in of_text(text).lines if c.text.startswith("last"))
    assert last.ref == f"L{MAX_TEXT + 2}"
