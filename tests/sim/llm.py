"""A loopback model service that speaks OpenAI's chat completions and misbehaves on request.

`behaviours` is a queue: each request takes the next one, the last stays. `reply` is what the
model "says", text or a function of the request's messages. The real openai package talks to it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any, Literal, Self

from aiohttp import web

Behaviour = Literal[
    "ok", "slow", "hang", "reset", "401", "402", "403", "404", "429", "quota", "500", "503", "400",
    "no_extras", "filter_400", "not_json", "html", "no_choices", "empty", "refusal", "truncated",
    "content_filter", "think", "fence", "prose", "no_usage",
]  # fmt: skip
Reply = str | Callable[[list[dict[str, str]]], str]

_STATUS = {"401": 401, "402": 402, "403": 403, "404": 404, "429": 429, "500": 500, "503": 503,
           "400": 400}  # fmt: skip


class ModelServer:
    """`async with ModelServer() as server:` serves at `server.base_url` until the block ends."""

    def __init__(self, reply: Reply = '{"answer": "ok"}') -> None:
        self.reply = reply
        self.behaviours: list[Behaviour] = ["ok"]
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.retry_after = "1"
        self.slow_seconds = 0.3
        self.running = 0
        self.most_at_once = 0
        self.arrived = asyncio.Event()  # a first request is here
        self.released = asyncio.Event()  # those that hang may go on
        self._runner: web.AppRunner | None = None
        self.base_url = ""

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/v1/chat/completions", self._complete)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        port = self._runner.addresses[0][1]
        self.base_url = f"http://127.0.0.1:{port}/v1"
        return self

    async def __aexit__(self, *_error: object) -> None:
        self.released.set()
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def prompts(self) -> list[str]:
        """Everything each request told the model, as one text."""
        return ["\n".join(m["content"] for m in r["messages"]) for r in self.requests]

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.requests.append(body)
        self.arrived.set()
        self.keys.append(request.headers.get("Authorization", ""))
        next_one = self.behaviours.pop(0) if len(self.behaviours) > 1 else self.behaviours[0]
        self.running += 1
        self.most_at_once = max(self.most_at_once, self.running)
        try:
            return await self._behave(next_one, body, request)
        finally:
            self.running -= 1

    async def _behave(
        self, behaviour: Behaviour, body: dict[str, Any], request: web.Request
    ) -> web.StreamResponse:
        if behaviour == "hang":
            await self.released.wait()
        if behaviour == "slow":
            await asyncio.sleep(self.slow_seconds)
        if behaviour == "reset":
            assert request.transport is not None
            request.transport.abort()
        if behaviour in _STATUS:
            headers = {"Retry-After": self.retry_after} if behaviour == "429" else {}
            return _error(_STATUS[behaviour], f"refused with {behaviour}", headers=headers)
        if behaviour == "quota":
            return _error(429, "you exceeded your quota", code="insufficient_quota")
        if behaviour == "filter_400":
            return _error(400, "inappropriate", code="data_inspection_failed")
        if behaviour == "no_extras" and "response_format" in body:
            return _error(400, "response_format is not supported")
        if behaviour == "not_json":
            return web.Response(text="{oops", content_type="application/json")
        if behaviour == "html":
            return web.Response(text="<html>gateway</html>", content_type="text/html")
        return web.json_response(self._answer(behaviour, body))

    def _answer(self, behaviour: Behaviour, body: dict[str, Any]) -> dict[str, Any]:
        text: str | None = (
            self.reply if isinstance(self.reply, str) else self.reply(body["messages"])
        )
        reason, refusal = "stop", None
        if behaviour == "think":
            text = f'<think>secret thoughts {{"a": 1}}</think>\n{text}'
        elif behaviour == "fence":
            text = f"```json\n{text}\n```"
        elif behaviour == "prose":
            text = f"Here is what you asked for:\n{text}\nHope this helps."
        elif behaviour == "empty":
            text = None
        elif behaviour == "refusal":
            text, refusal = None, "I cannot help with that."
        elif behaviour in {"truncated", "content_filter"}:
            text = (text or "")[:10]
            reason = "length" if behaviour == "truncated" else "content_filter"
        answer: dict[str, Any] = {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": body["model"],
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": text, "refusal": refusal},
                    "finish_reason": reason,
                }
            ],
            "usage": {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120},
        }
        if behaviour == "no_choices":
            answer["choices"] = []
        if behaviour == "no_usage":
            del answer["usage"]
        return answer


def _error(
    status: int, message: str, *, code: str | None = None, headers: dict[str, str] | None = None
) -> web.Response:
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": code}
    return web.Response(
        status=status,
        text=json.dumps({"error": error}),
        content_type="application/json",
        headers=headers,
    )
