"""The analyst in front of a real store and a model service that behaves and misbehaves."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, insert, select

from core.config.settings import Settings
from core.errors import NotFound
from core.metrics import REGISTRY
from core.model import Alert, Incident, SimilarItem, TimelineEntry
from core.store import Database, queries, schema
from core.store.rows import to_row
from knowledge.analysis.analyst import Analyst
from knowledge.llm import LlmClient
from tests.sim.llm import Behaviour, ModelServer

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
LOG = "ERROR disk usage 97% on /data: No space left on device"
RUNBOOK = SimilarItem(
    "article", "KB-5", "磁盘满", 0.6, "high", snippet="No space left on device", fix="清理旧日志"
)
REPLY = json.dumps(
    {
        "summary": "The disk of <HOST_1> is full.",
        "severity": "high",
        "key_errors": ["No space left on device"],
        "causes": [
            {
                "text": "Logs grew.",
                "evidence": [{"ref": "ALT-3", "quote": "disk usage 97% on /data"}],
            }
        ],
        "suggestions": [{"action": "清理旧日志", "risk": "medium", "source": "KB-5"}],
        "unknown": [],
        "confidence": 0.7,
    }
)


@pytest.fixture
async def server() -> AsyncIterator[ModelServer]:
    async with ModelServer(REPLY) as running:
        yield running


def settings(server: ModelServer | None = None, **ai: Any) -> Settings:
    if server is None:
        return Settings.model_validate({"language": "en"})
    given = {"enabled": True, "base_url": server.base_url, "model": "m1", "timeout": "5s", **ai}
    return Settings.model_validate({"language": "en", "ai": given})


@pytest.fixture
async def stored(db: Database) -> Database:
    """INC-1 with one alert and a note."""
    incident = Incident(
        id="i1", number=1, key="k", title="DiskFull on db-01", labels={"host": "db-01"},
        severity="critical", started_at=NOON, updated_at=NOON,
    )  # fmt: skip
    alert = Alert(
        id="a3", number=3, fingerprint="f", severity="critical", count=4, incident=1,
        labels={"alertname": "DiskFull", "host": "db-01"}, annotations={"summary": LOG},
        first_seen=NOON, last_seen=NOON, starts_at=NOON, source="log:shop",
    )  # fmt: skip
    note = TimelineEntry(NOON, "note", "li.wei", "looking at it")
    await db.write(lambda c: c.execute(insert(schema.incidents), to_row(incident)))
    await db.write(lambda c: c.execute(insert(schema.alerts), to_row(alert)))
    row = {"incident": 1, **to_row(note)}
    await db.write(lambda c: c.execute(insert(schema.timeline), row))
    return db


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"tocsin_{name}", labels) or 0.0


async def test_with_ai_off_the_rules_answer_and_say_so(stored: Database) -> None:
    before = [
        value("ai_requests_total", kind="incident", outcome="degraded"),
        value("ai_errors_total", **{"class": "disabled"}),
        value("ai_duration_seconds_count", kind="incident"),
    ]
    analyst = Analyst(settings(), stored, None)
    analysis = await analyst.incident(1, [RUNBOOK])
    assert (analysis.meta.model, analysis.meta.degraded) == ("rules", True)
    assert analysis.meta.error_class == "disabled"
    assert analysis.severity == "high"
    assert analysis.suggestions[0].source == "KB-5"
    assert before == [
        value("ai_requests_total", kind="incident", outcome="degraded") - 1,
        value("ai_errors_total", **{"class": "disabled"}) - 1,
        value("ai_duration_seconds_count", kind="incident") - 1,
    ]
    assert analyst.degraded_ratio(timedelta(hours=1)) == 0.0  # the model was not wanted


async def test_it_is_stored_in_the_contracts_shape_and_the_newest_wins(
    stored: Database, server: ModelServer
) -> None:
    client = LlmClient(settings(server), stored)
    analyst = Analyst(settings(server), stored, client)
    first = await analyst.incident(1, [RUNBOOK], model=False)
    assert first.meta.error_class is None
    assert first.meta.degraded
    assert not server.requests
    second = await analyst.incident(1, [RUNBOOK])
    assert not second.meta.degraded
    await client.close()
    newest = await stored.read(lambda c: queries.meaning(c, 1).analysis)
    assert newest is not None
    assert newest["summary"] == "The disk of db-01 is full."
    assert newest["causes"][0]["evidence"] == [
        {"kind": "log", "ref": "ALT-3", "quote": "disk usage 97% on /data"}
    ]
    assert newest["suggestions"] == [{"action": "清理旧日志", "risk": "medium", "source": "KB-5"}]
    assert newest["meta"] == {
        "model": "m1", "degraded": False, "error_class": None, "retries": 0, "tokens": 120,
        "elapsed_ms": second.meta.elapsed_ms, "redacted": True, "truncated": False,
        "prompt": "analysis@1",
    }  # fmt: skip


async def test_the_model_reads_no_identity_and_a_fence_it_can_trust(
    stored: Database, server: ModelServer
) -> None:
    client = LlmClient(settings(server), stored)
    await Analyst(settings(server), stored, client).incident(1, [RUNBOOK])
    await client.close()
    (told,) = server.prompts
    assert "db-01" not in told
    assert "ALT-3| ERROR disk usage 97%" in told
    assert "similar case KB-5" in told
    assert "note by a person: looking at it" in told
    assert "in English" in told


@pytest.mark.parametrize(
    ("behaviour", "error_class"),
    [("401", "auth"), ("500", "upstream_5xx"), ("hang", "timeout"), ("refusal", "content_filter"),
     ("not_json", "parse_error"), ("truncated", "truncated"), ("empty", "empty")],
)  # fmt: skip
async def test_when_the_model_fails_the_rules_answer_and_say_why(
    stored: Database, server: ModelServer, behaviour: Behaviour, error_class: str
) -> None:
    server.behaviours = [behaviour]
    given = settings(server, timeout="700ms")
    client = LlmClient(given, stored)
    analyst = Analyst(given, stored, client)
    analysis = await analyst.incident(1, [])
    await client.close()
    assert (analysis.meta.error_class, analysis.meta.model) == (error_class, "rules")
    assert analysis.meta.degraded
    assert analysis.key_errors == (LOG,)
    assert analyst.degraded_ratio(timedelta(hours=1)) == 1.0


async def test_a_reply_that_proves_nothing_falls_back_and_counts_as_failed(
    stored: Database, server: ModelServer
) -> None:
    client = LlmClient(settings(server), stored)
    analyst = Analyst(settings(server), stored, client)
    before = value("ai_errors_total", **{"class": "schema_error"})
    server.reply = json.dumps({"summary": "All is well.", "key_errors": ["nothing like it"]})
    analysis = await analyst.incident(1, [])
    assert analysis.meta.error_class == "schema_error"
    assert analysis.meta.tokens == 120
    assert value("ai_errors_total", **{"class": "schema_error"}) == before + 1
    server.reply = REPLY
    await analyst.incident(1, [RUNBOOK])
    await client.close()
    assert analyst.degraded_ratio(timedelta(hours=1)) == 0.5


async def test_the_ratio_forgets_what_is_older_than_its_window(
    stored: Database, server: ModelServer
) -> None:
    server.behaviours = ["401"]
    now = NOON
    client = LlmClient(settings(server), stored)
    analyst = Analyst(settings(server), stored, client, lambda: now)
    await analyst.incident(1, [])
    assert analyst.degraded_ratio(timedelta(minutes=10)) == 1.0
    now += timedelta(minutes=11)
    assert analyst.degraded_ratio(timedelta(minutes=10)) == 0.0
    await client.close()


async def test_an_incident_that_does_not_exist(db: Database) -> None:
    with pytest.raises(NotFound, match="INC-7"):
        await Analyst(settings(), db, None).incident(7, [])


async def test_texts_are_analysed_and_kept_without_an_incident(db: Database) -> None:
    analyst = Analyst(settings(), db, None)
    found = await asyncio.gather(*(analyst.text(f"ERROR queue {n} is full") for n in range(4)))
    assert [analysis.key_errors for analysis in found] == [
        (f"ERROR queue {n} is full",) for n in range(4)
    ]
    kept = select(func.count()).where(
        schema.analyses.c.kind == "text", schema.analyses.c.incident.is_(None)
    )
    assert await db.read(lambda c: c.execute(kept).scalar()) == 4
