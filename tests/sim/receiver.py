"""A webhook receiver on loopback that checks each request by the Standard Webhooks rules."""

from __future__ import annotations

import asyncio
from typing import Any, Self

import orjson
from aiohttp import web
from standardwebhooks import Webhook, WebhookVerificationError

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


class Receiver:
    """`async with Receiver() as receiver:` listens at `receiver.url` until the block ends.

    answers: statuses for the next requests, the last one stays. events: bodies taken (2xx), one
    for each webhook-id; forged: how many requests did not verify.
    """

    def __init__(self, answers: list[int] | None = None, retry_after: str = "") -> None:
        self.answers = answers or [200]
        self.retry_after = retry_after
        self.events: dict[str, Any] = {}
        self.requests: list[str] = []
        self.forged = 0
        self.changed = asyncio.Condition()
        self._runner: web.AppRunner | None = None
        self.url = ""

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/hook", self._take)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/hook"
        return self

    async def __aexit__(self, *_error: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def types(self) -> list[str]:
        """The types of the events taken, in order."""
        return [event["type"] for event in self.events.values()]

    async def until(self, count: int, timeout: float = 5.0) -> None:
        """Wait until so many different events were taken."""
        async with asyncio.timeout(timeout), self.changed:
            await self.changed.wait_for(lambda: len(self.events) >= count)

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.read()
        try:
            Webhook(SECRET).verify(body, dict(request.headers))
        except WebhookVerificationError:
            self.forged += 1
            return web.Response(status=401)
        key = request.headers["webhook-id"]
        self.requests.append(key)
        status = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        async with self.changed:
            if 200 <= status < 300:
                self.events[key] = orjson.loads(body)
            self.changed.notify_all()
        headers = {"Retry-After": self.retry_after} if self.retry_after else {}
        return web.Response(status=status, text=f"status {status}", headers=headers)
