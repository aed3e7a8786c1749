"""A room's lines as they are said, over server-sent events (WHATWG HTML, section 9.2).

A listener is only a number: the last line it was sent. Nothing is queued for it, so a slow one
costs no memory and misses nothing; it reads on from the store.
"""

from __future__ import annotations

import asyncio
import time

import msgspec
import structlog
from aiohttp import web

from bot.chat.web.item import item_of
from bot.chat.web.log import Line, RoomLog
from bot.http.problem import TooMany

log = structlog.get_logger(__name__)
STREAMS = 200  # at once, in all rooms
LIFE = 300.0  # seconds; the browser comes back by itself, if it may still read
KEEP_ALIVE = 10.0  # also how late another process's line may be: see RoomLog.wait
STALLED = 30.0  # a reader who takes nothing for so long is let go
RETRY_MS = 1000


class Streams:
    """Every open stream of one process."""

    def __init__(self, lines: RoomLog) -> None:
        self._lines = lines
        self._open = 0

    async def serve(self, request: web.Request, room: str, after: int) -> web.StreamResponse:
        """Send the lines of `room` that follow `after` until the browser or the service goes."""
        if self._open >= STREAMS:
            raise TooMany("too many streams are open; try again later", 30)
        response = web.StreamResponse(
            headers={
                "Content-Type": "text/event-stream; charset=utf-8",
                "Cache-Control": "no-store",
                "X-Accel-Buffering": "no",
            }
        )
        self._open += 1
        try:
            await response.prepare(request)
            await _send(response, f"retry: {RETRY_MS}\n\n".encode())
            await self._follow(response, room, after)
        except (ConnectionError, TimeoutError) as error:
            log.debug("room_stream_ended", room=room, error=repr(error))
        finally:
            self._open -= 1
        return response

    async def _follow(self, response: web.StreamResponse, room: str, after: int) -> None:
        end = time.monotonic() + LIFE
        while not self._lines.closed and time.monotonic() < end:
            lines = await self._lines.wait(room, after, KEEP_ALIVE)
            if lines:
                await _send(response, await asyncio.to_thread(_events, lines))
                after = lines[-1].seq
            else:
                await _send(response, b": still here\n\n")


async def _send(response: web.StreamResponse, chunk: bytes) -> None:
    async with asyncio.timeout(STALLED):
        await response.write(chunk)


def _events(lines: list[Line]) -> bytes:
    # JSON by msgspec holds no line break, so one `data:` line is enough.
    return b"".join(
        b"id: %d\ndata: %b\n\n" % (line.seq, msgspec.json.encode(item_of(line))) for line in lines
    )
