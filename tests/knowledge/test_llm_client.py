"""The real openai package against a loopback service that misbehaves in every known way."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from prometheus_client import CollectorRegistry

from core.config.settings import Settings
from core.metrics import REGISTRY
from core.store import schema
from core.store.database import Database, make_engine
from knowledge.llm import LlmClient, Message, ModelError
from tests.sim.llm import Behaviour, ModelServer


class Answer(msgspec.Struct):
    answer: str


ASK = [Message("system", "You answer."), Message("user", "磁盘满了怎么办？")]


class Hand:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = datetime(2026, 5, 1, 4, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    engine = make_engine(f"sqlite:///{tmp_path}/t.db")
    schema.metadata.create_all(engine)
    database = Database(engine)
    yield database
    database.close()


@pytest.fixture
async def server() -> AsyncIterator[ModelServer]:
    async with ModelServer() as running:
        yield running


def settings(server: ModelServer, **ai: Any) -> Settings:
    given = {"enabled": True, "base_url": server.base_url, "model": "m1", "api_key": "k-1", **ai}
    return Settings.model_validate({"ai": {"timeout": "5s", **given}})


def value(name: str, registry: CollectorRegistry = REGISTRY, **labels: str) -> float:
    return registry.get_sample_value(f"tocsin_{name}", labels) or 0.0


async def ask(client: LlmClient) -> str:
    completion = await client.complete(ASK, kind="ask", schema=Answer)
    return completion.data.answer


async def test_an_answer_is_read_counted_and_metered(server: ModelServer, db: Database) -> None:
    client = LlmClient(settings(server), db)
    before = value("ai_requests_total", kind="ask", outcome="ok")
    tokens = value("ai_tokens_total", kind="ask", direction="input")
    completion = await client.complete(ASK, kind="ask", schema=Answer)
    assert completion.data == Answer("ok")
    assert (completion.model, completion.tokens, completion.retries) == ("m1", 120, 0)
    assert server.keys == ["Bearer k-1"]
    assert server.requests[0]["messages"][1] == {"role": "user", "content": "磁盘满了怎么办？"}
    assert value("ai_requests_total", kind="ask", outcome="ok") == before + 1
    assert value("ai_tokens_total", kind="ask", direction="input") == tokens + 100
    await client.close()


@pytest.mark.parametrize("behaviour", ["think", "fence", "prose", "no_usage", "no_extras"])
async def test_answers_in_other_clothes_are_read(
    server: ModelServer, db: Database, behaviour: Behaviour
) -> None:
    server.behaviours = [behaviour]
    client = LlmClient(settings(server), db)
    assert await ask(client) == "ok"
    assert await ask(client) == "ok"
    if behaviour == "no_extras":  # refused once, then left out
        assert ["response_format" in r for r in server.requests] == [True, False, False]
    await client.close()


@pytest.mark.parametrize(
    ("behaviour", "error_class", "requests"),
    [
        ("401", "auth", 1),
        ("403", "auth", 1),
        ("402", "quota", 1),
        ("quota", "quota", 1),
        ("404", "not_found", 1),
        ("400", "upstream_4xx", 2),
        ("filter_400", "content_filter", 1),
        ("not_json", "parse_error", 1),
        ("html", "parse_error", 1),
        ("no_choices", "empty", 1),
        ("empty", "empty", 1),
        ("refusal", "content_filter", 1),
        ("content_filter", "content_filter", 1),
        ("truncated", "truncated", 1),
    ],
)
async def test_failures_that_stay_have_their_class(
    server: ModelServer, db: Database, behaviour: Behaviour, error_class: str, requests: int
) -> None:
    server.behaviours = [behaviour]
    client = LlmClient(settings(server), db)
    before = value("ai_errors_total", **{"class": error_class})
    with pytest.raises(ModelError) as failed:
        await ask(client)
    assert failed.value.error_class == error_class
    assert len(server.requests) == requests
    assert value("ai_errors_total", **{"class": error_class}) == before + 1
    await client.close()


@pytest.mark.parametrize("behaviour", ["500", "503", "reset", "429"])
async def test_failures_that_pass_are_retried(
    server: ModelServer, db: Database, behaviour: Behaviour
) -> None:
    server.behaviours = [behaviour, "ok"]
    client = LlmClient(settings(server), db)
    completion = await client.complete(ASK, kind="ask", schema=Answer)
    assert completion.retries == 1
    await client.close()


@pytest.mark.parametrize(
    ("behaviour", "error_class"),
    [("500", "upstream_5xx"), ("429", "rate_limit"), ("reset", "network"), ("hang", "timeout")],
)
async def test_retries_stay_within_the_timeout(
    server: ModelServer, db: Database, behaviour: Behaviour, error_class: str
) -> None:
    server.behaviours, server.retry_after = [behaviour], "30"
    client = LlmClient(settings(server, timeout="700ms"), db)
    started = asyncio.get_running_loop().time()
    with pytest.raises(ModelError) as failed:
        await ask(client)
    assert failed.value.error_class == error_class
    assert asyncio.get_running_loop().time() - started < 2.5  # the package's import included
    await client.close()


async def test_an_unreachable_service_is_a_network_error(server: ModelServer, db: Database) -> None:
    client = LlmClient(settings(server, base_url="http://127.0.0.1:9/v1", timeout="1s"), db)
    with pytest.raises(ModelError) as failed:
        await ask(client)
    assert failed.value.error_class == "network"
    await client.close()


async def test_replies_that_do_not_fit_the_schema(server: ModelServer, db: Database) -> None:
    client = LlmClient(settings(server), db)
    for reply, error_class in [
        ("sorry", "parse_error"),
        ('{"answer": ["a"]}', "schema_error"),
        ('{"other": 1}', "schema_error"),
        ("[1, 2]", "parse_error"),
        ("{" * 5000, "parse_error"),
    ]:
        server.reply = reply
        with pytest.raises(ModelError) as failed:
            await ask(client)
        assert failed.value.error_class == error_class
        assert failed.value.tokens == 120
    assert client.available  # a bad answer does not make the service unwell
    await client.close()


async def test_a_check_may_refuse_a_reply(server: ModelServer, db: Database) -> None:
    def refuse(_answer: Answer) -> None:
        raise ModelError("schema_error", "no")

    client = LlmClient(settings(server), db)
    with pytest.raises(ModelError):
        await client.complete(ASK, kind="ask", schema=Answer, check=refuse)
    await client.close()


async def test_five_failures_open_the_circuit_for_a_minute(
    server: ModelServer, db: Database
) -> None:
    server.behaviours = ["401"]
    clock = Hand()
    client = LlmClient(settings(server), db, clock)
    for _ in range(5):
        with pytest.raises(ModelError):
            await ask(client)
    assert not client.available
    with pytest.raises(ModelError) as refused:
        await ask(client)
    assert refused.value.error_class == "circuit_open"
    assert len(server.requests) == 5

    clock.now += timedelta(seconds=61)
    assert client.available
    with pytest.raises(ModelError) as probe:
        await ask(client)
    assert probe.value.error_class == "auth"
    assert not client.available  # one failed probe opens it again

    clock.now += timedelta(seconds=61)
    server.behaviours = ["ok"]
    assert await ask(client) == "ok"
    assert client.available
    await client.close()


async def test_only_one_probe_at_a_time(server: ModelServer, db: Database) -> None:
    server.behaviours = ["401"]
    clock = Hand()
    client = LlmClient(settings(server, max_concurrency=4), db, clock)
    for _ in range(5):
        with pytest.raises(ModelError):
            await ask(client)
    clock.now += timedelta(seconds=61)
    server.behaviours = ["slow"]
    results = await asyncio.gather(*(ask(client) for _ in range(4)), return_exceptions=True)
    refused = [r for r in results if isinstance(r, ModelError)]
    assert results.count("ok") == 1
    assert {r.error_class for r in refused} == {"circuit_open"}
    assert len(server.requests) == 6
    await client.close()


async def test_no_more_calls_at_once_than_allowed(server: ModelServer, db: Database) -> None:
    server.behaviours, server.slow_seconds = ["slow"], 0.05
    client = LlmClient(settings(server, max_concurrency=2), db)
    assert await asyncio.gather(*(ask(client) for _ in range(6))) == ["ok"] * 6
    assert server.most_at_once == 2
    await client.close()


async def test_the_days_budget_is_kept_and_renewed(server: ModelServer, db: Database) -> None:
    clock = Hand()
    client = LlmClient(settings(server, daily_token_budget=1000), db, clock)
    assert await ask(client) == "ok"
    assert await ask(client) == "ok"
    with pytest.raises(ModelError) as failed:  # 240 used, a call is taken to cost over 800
        await ask(client)
    assert failed.value.error_class == "budget"
    await client.close()

    again = LlmClient(settings(server, daily_token_budget=1000), db, clock)
    with pytest.raises(ModelError):  # a restart does not forget
        await ask(again)
    clock.now += timedelta(days=1)
    assert await ask(again) == "ok"
    await again.close()


async def test_a_canceled_call_counts_and_frees_its_slot(server: ModelServer, db: Database) -> None:
    server.behaviours = ["hang", "ok"]
    client = LlmClient(settings(server, max_concurrency=1), db)
    before = value("ai_errors_total", **{"class": "canceled"})
    call = asyncio.create_task(ask(client))
    async with asyncio.timeout(5):
        await server.arrived.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert value("ai_errors_total", **{"class": "canceled"}) == before + 1
    assert await ask(client) == "ok"
    await client.close()


def test_importing_the_room_does_not_load_the_openai_package() -> None:
    code = "import sys, knowledge.llm; sys.exit('openai' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
