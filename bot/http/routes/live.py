"""The live stream: what changes, as it changes (server-sent events)."""

from __future__ import annotations

import asyncio

import structlog
from aiohttp import web

from bot.http.problem import NotSignedIn
from bot.http.route import Call, Route
from bot.http.stream import KEEP_ALIVE
from core.errors import StoreError

log = structlog.get_logger(__name__)
SILENCE = 15.0  # seconds; proxies close what says nothing for longer
STALLED = 30.0  # seconds; a reader who takes nothing for so long is let go
RETRY_MS = 3000


async def _stream(call: Call) -> web.StreamResponse:
    request, parts = call.request, call.parts
    with parts.feed.listen(call.who.name) as listener:
        response = web.StreamResponse(
            headers={
                "Content-Type": "text/event-stream",
                "Cache-Control": "no-store",
                "X-Accel-Buffering": "no",
                "X-Content-Type-Options": "nosniff",
            }
        )
        try:
            await response.prepare(request)
            await _write(response, b"retry: %d\n\n" % RETRY_MS)
            while (chunk := await listener.next(SILENCE)) is not None:
                if chunk is KEEP_ALIVE and not await _still_known(call):
                    break
                await _write(response, chunk)
        except (ConnectionError, TimeoutError) as error:
            log.debug("stream_ended", error=repr(error))
    return response


async def _write(response: web.StreamResponse, chunk: bytes) -> None:
    async with asyncio.timeout(STALLED):
        await response.write(chunk)


async def _still_known(call: Call) -> bool:
    """Whether the token or session that opened the stream still holds."""
    try:
        await call.parts.auth.principal(call.request)
    except (NotSignedIn, StoreError):
        return False
    return True


ROUTES = (
    Route(
        method="GET",
        path="/api/v1/stream",
        handler=_stream,
        key="live.stream",
        stream=True,
    ),
)
