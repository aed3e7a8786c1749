"""HTTP mode: where the platform posts what people say to the robot of an app."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import structlog
from aiohttp import web

from bot.chat.dingtalk.callback import CallbackRefused, RobotCallback
from bot.chat.dingtalk.message import RobotMessage
from bot.http.body import read_raw
from bot.http.problem import NotSignedIn
from core.errors import NotFound, TocsinError

log = structlog.get_logger(__name__)
Take = Callable[[RobotMessage], Awaitable[None]]
# The platform wants an answer within two seconds; what takes longer goes on behind it.
ANSWER_WITHIN = 1.0
MAX_RUNNING = 100
_EMPTY = {"msgtype": "empty"}  # answers go by the session's webhook


class CallbackRoutes:
    """`POST /chat/dingtalk/{channel}/callback` of every app in HTTP mode."""

    def __init__(self, callbacks: Mapping[str, tuple[RobotCallback, Take]]) -> None:
        self._callbacks = callbacks
        self._running: set[asyncio.Task[None]] = set()

    def add_to(self, app: web.Application) -> None:
        """Put the route into the application."""
        app.router.add_post("/chat/dingtalk/{channel}/callback", self._post)

    async def _post(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["channel"]
        if name not in self._callbacks:
            raise NotFound("there is no DingTalk app of that name in HTTP mode")
        callback, take = self._callbacks[name]
        body = await read_raw(request)
        try:
            message = callback.accept(request.headers, body)
        except CallbackRefused as error:
            log.warning("callback_refused", channel=name, why=str(error))
            raise NotSignedIn(str(error)) from error
        if message is not None:
            await self._hand_over(name, take, message)
        return web.json_response(_EMPTY)

    async def _hand_over(self, name: str, take: Take, message: RobotMessage) -> None:
        """Do what was asked. A failure before the answer is told, so that it is posted again."""
        if len(self._running) >= MAX_RUNNING:
            raise web.HTTPServiceUnavailable(text="too many messages at once")
        running = asyncio.ensure_future(self._take(name, take, message))
        self._running.add(running)
        running.add_done_callback(self._running.discard)
        done, _late = await asyncio.wait({running}, timeout=ANSWER_WITHIN)
        for task in done:
            task.result()

    @staticmethod
    async def _take(name: str, take: Take, message: RobotMessage) -> None:
        try:
            await take(message)
        except TocsinError as error:
            log.warning("message_not_answered", channel=name, why=str(error))
            raise
