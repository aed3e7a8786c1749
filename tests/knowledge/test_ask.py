"""Questions to a real knowledge base: the starter runbooks and one past incident."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import insert

from core.config.settings import Settings
from core.errors import InvalidInput
from core.metrics import REGISTRY
from core.model import Alert, Incident
from core.store import Database, queries, schema
from core.store.database import make_engine, sqlite_url
from core.store.rows import to_row
from knowledge.ask import Ask, AskAnswer
from knowledge.base import KnowledgeBase
from knowledge.llm import LlmClient
from tests.sim.llm import ModelServer

pytestmark = pytest.mark.asyncio(loop_scope="module")
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def base(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Base]:
    folder = tmp_path_factory.mktemp("ask")
    engine = make_engine(sqlite_url(folder / "t.db"))
    schema.metadata.create_all(engine)
    db = Database(engine)
    incident = Incident(
        id="i", number=7, key="k", title="ReportExportStuck on web-7", status="resolved",
        labels={"app": "report"}, started_at=NOON, updated_at=NOON, resolved_at=NOON,
        resolution="restarted the export worker and raised its memory to 4 GiB",
    )  # fmt: skip
    alert = Alert(
        id="a", number=1, fingerprint="f", incident=7, labels={"alertname": "ReportExportStuck"},
        annotations={"summary": "report export stuck, worker out of heap, token=abcdef12345"},
        first_seen=NOON, last_seen=NOON, starts_at=NOON,
    )  # fmt: skip
    await db.write(lambda c: c.execute(insert(schema.incidents), to_row(incident)))
    await db.write(lambda c: c.execute(insert(schema.alerts), to_row(alert)))
    kb = KnowledgeBase(Settings(), db, folder)
    await kb.start()
    await kb.ready()
    yield Base(db, kb)
    await kb.stop()
    db.close()


class Base:
    """A knowledge base that is ready, and how to ask it."""

    def __init__(self, db: Database, kb: KnowledgeBase) -> None:
        self.db, self.kb = db, kb

    async def ask(self, question: str, language: str = "zh-CN") -> AskAnswer:
        """With AI off."""
        settings = Settings.model_validate({"language": language})
        return await Ask(settings, self.kb.search, self.db, None).ask(question)

    async def ask_model(self, question: str, reply: dict[str, Any] | str) -> Told:
        """With a model that replies so."""
        text = reply if isinstance(reply, str) else json.dumps(reply, ensure_ascii=False)
        async with ModelServer(text) as server:
            ai = {"enabled": True, "base_url": server.base_url, "model": "m", "timeout": "5s"}
            settings = Settings.model_validate({"ai": ai})
            client = LlmClient(settings, self.db)
            answer = await Ask(settings, self.kb.search, self.db, client).ask(question)
            await client.close()
            return Told(answer, server.prompts)

    async def body(self, article: str) -> str:
        """The text of an article."""
        number = int(article.removeprefix("KB-"))
        row = await self.db.read(lambda c: queries.article(c, number))
        assert row is not None
        return row.body


class Told:
    """An answer, and what the model was told for it."""

    def __init__(self, answer: AskAnswer, prompts: list[str]) -> None:
        self.answer, self.prompts = answer, prompts


def answers(grounded: str) -> float:
    return REGISTRY.get_sample_value("tocsin_kb_answers_total", {"grounded": grounded}) or 0.0


async def test_without_a_model_the_best_lines_are_quoted_with_their_source(base: Base) -> None:
    before = answers("true")
    answer = await base.ask("磁盘满了怎么办")
    assert (answer.grounded, answer.degraded, answer.error_class) == (True, True, "disabled")
    first = answer.citations[0]
    assert (first.n, first.kind) == (1, "article")
    assert "磁盘满" in first.title
    assert answer.answer.startswith(f"《{first.title}》：\n- 先腾出 5% 以上的空间止血")
    assert answer.answer.splitlines()[1].endswith("[1]")
    assert first.quote in await base.body(first.id)
    assert answers("true") == before + 1


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("MySQL 主从延迟怎么处理", "先把读流量切回主库"),
        ("证书快过期了，怎么看剩余天数", "从外部探测线上证书的剩余天数"),
        ("HikariPool-1 - Connection is not available", "结束占用最久的慢查询"),
        ("how do I fix a pod in CrashLoopBackOff?", "kubectl rollout undo"),
        ("域名解析失败怎么办", "One DNS server is dead"),
    ],
)
async def test_questions_find_their_runbook(base: Base, question: str, said: str) -> None:
    answer = await base.ask(question)
    assert said in answer.answer
    for citation in answer.citations:
        assert citation.quote in await base.body(citation.id)
        assert f"[{citation.n}]" in answer.answer


@pytest.mark.parametrize(
    ("line", "runbook"),
    [
        ("ERROR disk usage 97% on /data: No space left on device", "磁盘满"),
        ("java.lang.OutOfMemoryError: Java heap space", "内存溢出"),
        ("ERROR HikariPool-1 - Connection is not available, request timed out", "连接池"),
        ("磁盘满", "磁盘满"),
        ("inode 用完了", "Inodes exhausted"),
        ("replica is 300 seconds behind the primary", "MySQL 主从延迟"),
        ("证书过期", "TLS 证书过期"),
        ("消费堆积", "Kafka 消费堆积"),
        ("节点 NotReady", "node NotReady"),
        ("第三方接口限流", "rate limit"),
    ],
)
async def test_log_lines_and_words_of_either_language_find_their_runbook(
    base: Base, line: str, runbook: str
) -> None:
    found = await base.kb.search.search(line, 1)
    assert runbook in found.items[0].title


async def test_a_past_incident_answers_too(base: Base) -> None:
    answer = await base.ask("report export stuck, what helped?", "en")
    assert answer.citations[0].id == "INC-7"
    assert "restarted the export worker" in answer.answer


@pytest.mark.parametrize("question", ["今天中午吃什么", "怎样写一首关于春天的诗"])
async def test_nothing_similar_is_said_plainly_and_no_model_is_asked(
    base: Base, question: str
) -> None:
    before = answers("false")
    answer = await base.ask(question)
    assert answer.answer.startswith("知识库里没有与这个问题相近的内容")
    assert (answer.grounded, answer.citations) == (False, [])
    assert answers("false") == before + 1
    told = await base.ask_model(question, {"answer": "去吃火锅 [1]。"})
    assert told.prompts == []
    assert not told.answer.grounded
    assert not told.answer.degraded


async def test_an_empty_question(base: Base) -> None:
    with pytest.raises(InvalidInput):
        await base.ask("  ")


async def test_a_models_answer_keeps_only_what_its_sources_bear(base: Base) -> None:
    told = await base.ask_model(
        "磁盘满了怎么办",
        {
            "answered": True,
            "answer": "先删除或压缩已轮转的旧日志 [1]。大文件用 `truncate -s 0 文件` 清空。[1]\n"
            "建议重装系统。\n"
            "执行 `rm -rf /data` [1]。\n"
            "参见 INC-999 [1]。\n"
            "详情见 https://evil.example [1]。\n"
            "扩容后执行 `growpart` [9]。",
            "citations": [{"n": 1, "quote": "先腾出 5% 以上的空间止血"}, {"n": 9, "quote": "x"}],
        },
    )
    answer = told.answer
    assert answer.answer == (
        "先删除或压缩已轮转的旧日志 [1]。 大文件用 `truncate -s 0 文件` 清空。 [1]"
    )
    assert (answer.grounded, answer.degraded, answer.error_class) == (True, False, None)
    (citation,) = answer.citations
    assert (citation.n, citation.quote) == (1, "先腾出 5% 以上的空间止血")


async def test_marks_in_other_clothes_and_lists(base: Base) -> None:
    told = await base.ask_model(
        "MySQL 主从延迟怎么处理",
        {"answer": "1. Move reads【1】.\n2. Stop reports [1, 2]. [1] Then wait [77][1]."},
    )
    assert told.answer.answer == ("1. Move reads[1].\n2. Stop reports [1][2]. [1] Then wait[1].")
    assert [c.n for c in told.answer.citations] == [1, 2]


@pytest.mark.parametrize(
    ("reply", "error_class"),
    [
        ({"answer": "Just reboot everything."}, "schema_error"),
        ({"answer": "It is fine [42]."}, "schema_error"),
        ({"answer": None}, "schema_error"),
        ("no JSON at all", "parse_error"),
    ],
)
async def test_an_answer_without_valid_citations_falls_back_to_quotations(
    base: Base, reply: dict[str, Any] | str, error_class: str
) -> None:
    answer = (await base.ask_model("磁盘满了怎么办", reply)).answer
    assert (answer.degraded, answer.error_class) == (True, error_class)
    assert answer.grounded
    assert "先腾出 5% 以上的空间" in answer.answer


async def test_a_model_that_finds_no_answer_says_so(base: Base) -> None:
    told = await base.ask_model("磁盘满了怎么办", {"answered": False, "answer": ""})
    assert told.answer.answer.startswith("知识库里没有")
    assert (told.answer.grounded, told.answer.degraded) == (False, False)


async def test_the_model_reads_whole_passages_without_secrets_and_identities(base: Base) -> None:
    reply = {"answer": "The worker on <HOST_1> was restarted [1]."}
    told = await base.ask_model("report export stuck on web-7.internal, token=abcdef12345?", reply)
    (prompt,) = told.prompts
    assert "passage 1 (INC-7, ReportExportStuck" in prompt
    assert "what helps:\nrestarted the export worker" in prompt
    assert "web-7.internal" not in prompt
    assert "abcdef12345" not in prompt
    assert told.answer.answer == "The worker on web-7.internal was restarted [1]."
