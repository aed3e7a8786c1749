"""The one client of the OpenAI-compatible model.

The openai package is heavy in time and memory (a second, 40 MB), so it is imported in a thread at
the first call; a tocsin without AI never pays for it.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from typing import Any, Generic, Literal, TypeVar

import msgspec
import structlog

from core.clock import Clock, utc_now
from core.config.settings import Settings
from core.errors import StoreError
from core.metrics import AI_DURATION, AI_ERRORS, AI_REQUESTS, AI_TOKENS
from core.store.database import Database
from knowledge.llm.breaker import Breaker
from knowledge.llm.budget import Budget
from knowledge.llm.errors import OPENS_CIRCUIT, ModelError, classify
from knowledge.llm.reply import read, strip_thinking

log = structlog.get_logger(__name__)

T = TypeVar("T")
_FIRST_WAIT = 0.5  # seconds before the first retry; doubles, with jitter
_REPLY_TOKENS = 800  # what a reply is taken to cost before it is there


class Message(msgspec.Struct, frozen=True):
    """One message to the model."""

    role: Literal["system", "user"]
    content: str


class Completion(msgspec.Struct, Generic[T], frozen=True):
    """What came back. data: the reply as the asked-for schema. tokens: in and out together."""

    data: T
    text: str
    model: str
    tokens: int
    retries: int
    elapsed_ms: int


class _Usage(msgspec.Struct):
    prompt_tokens: int = 0
    completion_tokens: int = 0


class _ReplyMessage(msgspec.Struct):
    content: str | None = None
    refusal: str | None = None


class _Choice(msgspec.Struct):
    message: _ReplyMessage = msgspec.field(default_factory=_ReplyMessage)
    finish_reason: str | None = None


class _Reply(msgspec.Struct):
    choices: list[_Choice] | None = None
    model: str | None = None
    usage: _Usage | None = None


class LlmClient:
    """Calls the model of `settings.ai`. Make one only when `ai.enabled`; `close()` when done."""

    def __init__(self, settings: Settings, db: Database, clock: Clock = utc_now) -> None:
        self._settings = settings.ai
        self._timeout = settings.ai.timeout.total_seconds()
        self._slots = asyncio.Semaphore(settings.ai.max_concurrency)
        self._budget = Budget(db, settings.ai.daily_token_budget, settings.tz, clock)
        self._breaker = Breaker(clock)
        self._opening = asyncio.Lock()
        self._client: Any = None
        # Refused by some models and servers with 400; then left out from there on.
        self._extras: dict[str, Any] = {
            "temperature": 0.2,
            "response_format": {"type": "json_object"},
        }

    @property
    def available(self) -> bool:
        """Whether a call made now would reach the model: false while the circuit is open."""
        return not self._breaker.is_open

    @property
    def model(self) -> str:
        """The model's configured name."""
        return self._settings.model

    async def complete(
        self,
        messages: list[Message],
        *,
        kind: str,
        schema: type[T],
        check: Callable[[T], None] | None = None,
    ) -> Completion[T]:
        """Ask the model and read its reply as `schema`.

        kind: `incident`, `text` or `ask`, for metrics. check: raises ModelError when a reply of
        the right shape still cannot be used. Network errors, timeouts, rate limits and 5xx are
        retried within `ai.timeout`, which also covers the wait for a free slot.
        Raises ModelError, and only that.
        """
        started = time.monotonic()
        try:
            completion = await self._complete(messages, started, kind, schema, check)
        except ModelError as error:
            self._count(kind, started, error.error_class)
            log.warning("model_failed", kind=kind, error_class=error.error_class, why=str(error))
            raise
        except asyncio.CancelledError:
            self._count(kind, started, "canceled")
            raise
        AI_REQUESTS.labels(kind, "ok").inc()
        AI_DURATION.labels(kind).observe(time.monotonic() - started)
        return completion

    async def close(self) -> None:
        """Let go of the connections."""
        if self._client is not None:
            await self._client.close()
            self._client = None

    @staticmethod
    def _count(kind: str, started: float, error_class: str) -> None:
        AI_REQUESTS.labels(kind, "error").inc()
        AI_ERRORS.labels(error_class).inc()
        AI_DURATION.labels(kind).observe(time.monotonic() - started)

    async def _complete(
        self,
        messages: list[Message],
        started: float,
        kind: str,
        schema: type[T],
        check: Callable[[T], None] | None,
    ) -> Completion[T]:
        promised = sum(len(m.content.encode()) for m in messages) // 3 + _REPLY_TOKENS
        spent = [0]
        try:
            async with asyncio.timeout(self._timeout), self._slots:
                if self._breaker.is_open:
                    raise ModelError("circuit_open")
                if not await self._budget.promise(promised):
                    raise ModelError("budget", "the day's token budget is used up")
                try:
                    reply, retries = await self._ask(messages, started, kind, spent)
                finally:
                    # Not lost when this call is canceled: what was used was used.
                    await asyncio.shield(self._settle(promised, spent[0]))
        except TimeoutError as error:
            raise ModelError("timeout", f"no answer within {self._timeout:g} s") from error
        except StoreError as error:
            raise ModelError("budget", "the token budget cannot be read") from error
        try:
            text = _text_of(reply)
            data = read(text, schema)
            if check is not None:
                check(data)
        except ModelError as error:
            error.retries, error.tokens = retries, spent[0]
            raise
        return Completion(
            data=data,
            text=text,
            model=reply.model or self._settings.model,
            tokens=spent[0],
            retries=retries,
            elapsed_ms=round((time.monotonic() - started) * 1000),
        )

    async def _settle(self, promised: int, spent: int) -> None:
        try:
            await self._budget.settle(promised, spent)
        except StoreError as error:
            log.warning("token_usage_not_stored", tokens=spent, why=str(error))

    async def _ask(
        self, messages: list[Message], started: float, kind: str, spent: list[int]
    ) -> tuple[_Reply, int]:
        """Try until an answer, a failure that stays, or the end of the time."""
        retries = 0
        while True:
            if not self._breaker.enter():
                raise ModelError("circuit_open", retries=retries)
            try:
                reply = await self._once(messages, self._left(started))
            except ModelError as error:
                if error.error_class in OPENS_CIRCUIT:
                    self._breaker.failed()
                else:
                    self._breaker.succeeded()
                wait = error.retry_after or _FIRST_WAIT * 2**retries * random.uniform(0.8, 1.2)
                if not error.may_retry or wait >= self._left(started):
                    error.retries = retries
                    raise
            except asyncio.CancelledError:
                # Also how the overall timeout ends an attempt: then the service is too slow.
                if self._left(started) <= 0:
                    self._breaker.failed()
                else:
                    self._breaker.left()
                raise
            else:
                self._breaker.succeeded()
                usage = reply.usage or _estimate(messages, reply)
                spent[0] = usage.prompt_tokens + usage.completion_tokens
                AI_TOKENS.labels(kind, "input").inc(usage.prompt_tokens)
                AI_TOKENS.labels(kind, "output").inc(usage.completion_tokens)
                return reply, retries
            retries += 1
            await asyncio.sleep(wait)

    def _left(self, started: float) -> float:
        return self._timeout - (time.monotonic() - started)

    async def _once(self, messages: list[Message], timeout: float) -> _Reply:
        """One request; without the extras once more when the server refuses them."""
        try:
            return await self._request(messages, timeout)
        except ModelError as error:
            if error.error_class != "upstream_4xx" or not self._extras:
                raise
        extras, self._extras = self._extras, {}
        try:
            return await self._request(messages, timeout)
        except ModelError:
            self._extras = extras  # it was not they that were refused
            raise

    async def _request(self, messages: list[Message], timeout: float) -> _Reply:
        client = await self._open()
        try:
            raw = await client.chat.completions.with_raw_response.create(
                model=self._settings.model,
                messages=[{"role": m.role, "content": m.content} for m in messages],
                timeout=max(timeout, 0.001),
                **self._extras,
            )
            return msgspec.json.decode(raw.content, type=_Reply)
        except Exception as error:
            raise classify(error) from error

    async def _open(self) -> Any:
        async with self._opening:
            if self._client is None:
                self._client = await asyncio.to_thread(self._build)
        return self._client

    def _build(self) -> Any:
        import openai

        client = openai.AsyncOpenAI(
            base_url=self._settings.base_url or None,
            api_key=self._settings.api_key or "none",  # servers on one's own machine want none
            max_retries=0,  # retries are ours: they stay within one budget of time
        )
        _ = client.chat.completions  # loads its types now, in this thread
        return client


def _text_of(reply: _Reply) -> str:
    """The reply's text. Raises ModelError empty, truncated or content_filter."""
    if not reply.choices:
        raise ModelError("empty", "the reply has no choice")
    choice = reply.choices[0]
    if choice.finish_reason == "content_filter" or choice.message.refusal:
        raise ModelError("content_filter")
    if choice.finish_reason == "length":
        raise ModelError("truncated", "the reply was cut at the model's length limit")
    text = strip_thinking(choice.message.content or "")
    if not text:
        raise ModelError("empty", "the reply has no text")
    return text


def _estimate(messages: list[Message], reply: _Reply) -> _Usage:
    """Tokens of a service that does not count them: about three bytes each."""
    said = (c.message.content or "" for c in reply.choices or [])
    return _Usage(
        sum(len(m.content.encode()) for m in messages) // 3,
        sum(len(text.encode()) for text in said) // 3,
    )
