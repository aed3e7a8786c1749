"""Ask: a question answered from the knowledge base alone, every claim with its citation."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Literal, Protocol

import msgspec

from core.config.settings import Settings
from core.metrics import AI_DURATION, AI_ERRORS, AI_REQUESTS, KB_ANSWERS
from core.redact import Placeholders, redact
from core.store.database import Database
from core.text import say
from knowledge.analysis.prompt import prompt
from knowledge.analysis.shown import hosts_in
from knowledge.cited import kept
from knowledge.llm import ErrorClass, LlmClient, ModelError
from knowledge.source import Found, Source, sources

MAX_QUESTION = 2000  # characters
_READ = 4  # sources that a model reads
_TOLD = 3  # sources that an extract quotes
_NEAR_BEST = 0.75  # of the best score: what is further off is not quoted
_QUOTE = 300  # characters


class Result(Protocol):
    """knowledge.search.SearchResult."""

    @property
    def items(self) -> Sequence[Found]: ...


class Searching(Protocol):
    """knowledge.search.Search."""

    async def search(self, query: str, limit: int = ...) -> Result:
        """The best articles and incidents for a query."""
        ...


class Citation(msgspec.Struct, frozen=True):
    """A source that was used. n: its number in the answer; quote: words that stand in it."""

    n: int
    kind: Literal["article", "incident"]
    id: str
    title: str
    quote: str


class AskAnswer(msgspec.Struct, frozen=True):
    """grounded: every sentence cites a source. degraded: no model wrote it; error_class: why."""

    answer: str
    citations: list[Citation]
    grounded: bool
    degraded: bool
    error_class: ErrorClass | None


class _Quoted(msgspec.Struct):
    n: int
    quote: str | None = None


class _Reply(msgspec.Struct):
    answer: str | None = None
    answered: bool = True
    citations: list[_Quoted] | None = None


class Ask:
    """Answers questions. `llm` is None when AI is off: then the best lines are quoted."""

    def __init__(
        self, settings: Settings, search: Searching, db: Database, llm: LlmClient | None
    ) -> None:
        self._language = settings.language
        self._min_score = settings.knowledge.min_score
        self._search = search
        self._db = db
        self._llm = llm

    async def ask(self, question: str) -> AskAnswer:
        """Answer from articles and past incidents, or say that there is nothing like it.

        Raises InvalidInput when the question is empty, StoreError.
        """
        started = time.monotonic()
        question = redact(question[:MAX_QUESTION])
        result = await self._search.search(question, _READ)
        items = [item for item in result.items if item.score >= self._min_score]
        found = await self._db.read(lambda c: sources(c, items, question)) if items else []
        answer = await self._answer(question, found)
        if self._llm is None:  # what the client counts when there is one
            AI_REQUESTS.labels("ask", "degraded").inc()
            AI_ERRORS.labels("disabled").inc()
            AI_DURATION.labels("ask").observe(time.monotonic() - started)
        KB_ANSWERS.labels(str(answer.grounded).lower()).inc()
        return answer

    async def _answer(self, question: str, found: list[Source]) -> AskAnswer:
        if not found:
            return self._nothing(None if self._llm is not None else "disabled")
        if self._llm is None:
            return self._extract(found, "disabled")
        try:
            return await self._model(self._llm, question, found)
        except ModelError as error:
            return self._extract(found, error.error_class)

    def _nothing(self, error_class: ErrorClass | None) -> AskAnswer:
        return AskAnswer(
            answer=say("ask.nothing", self._language),
            citations=[],
            grounded=False,
            degraded=error_class is not None,
            error_class=error_class,
        )

    def _extract(self, found: list[Source], error_class: ErrorClass) -> AskAnswer:
        """The best lines of the best sources, as they stand there."""
        least = _NEAR_BEST * found[0].score
        others = [s for s in found[1:_TOLD] if s.score >= least and s.confidence != "weak"]
        told = [found[0], *others]
        parts = [
            say(
                "ask.extract",
                self._language,
                title=source.title,
                lines="\n".join(f"- {line} [{source.n}]" for line in source.lines),
            )
            for source in told
        ]
        return AskAnswer(
            answer="\n\n".join(parts),
            citations=[_citation(source) for source in told],
            grounded=True,
            degraded=True,
            error_class=error_class,
        )

    async def _model(self, llm: LlmClient, question: str, found: list[Source]) -> AskAnswer:
        """The model's answer without what no source bears. Raises ModelError."""
        data, placeholders = await asyncio.to_thread(_hidden, question, found)

        def check(reply: _Reply) -> None:
            if reply.answered and not kept(placeholders.fill(reply.answer or ""), found).text:
                raise ModelError("schema_error", "no sentence of the answer cites a passage")

        completion = await llm.complete(
            prompt("ask").messages(data, self._language), kind="ask", schema=_Reply, check=check
        )
        reply = completion.data
        if not reply.answered:
            return self._nothing(None)
        held = kept(placeholders.fill(reply.answer or ""), found)
        quotes = {q.n: placeholders.fill(q.quote or "").strip() for q in reply.citations or []}
        by_number = {source.n: source for source in found}
        return AskAnswer(
            answer=held.text,
            citations=[_citation(by_number[n], quotes.get(n, "")) for n in sorted(held.cited)],
            grounded=True,
            degraded=False,
            error_class=None,
        )


def _hidden(question: str, found: list[Source]) -> tuple[str, Placeholders]:
    """What the model reads, identities hidden."""
    parts = [f"question: {question}"]
    parts += [f"passage {s.n} ({s.id}, {s.title}):\n{s.text}" for s in found]
    text = "\n\n".join(parts)
    placeholders = Placeholders(hosts_in(text.splitlines()))
    return placeholders.hide(text), placeholders


def _citation(source: Source, quote: str = "") -> Citation:
    """With the model's own quotation when it stands there, else the source's best line."""
    literal = bool(quote) and quote in source.text
    words = quote[:_QUOTE] if literal else source.quote
    return Citation(source.n, source.kind, source.id, source.title, words)
