"""The live feed: changes as they happen, to everyone who listens (server-sent events).

Source of the format: WHATWG HTML, "Server-sent events".
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson

from bot.http.problem import TooMany

QUEUE = 256  # events a listener may be behind before it is let go
LISTENERS = 200
PER_CLIENT = 8
KEEP_ALIVE = b": keep-alive\n\n"


class Listener:
    """One open stream. `next()` gives what to send; None when it is to end."""

    def __init__(self) -> None:
        self._waiting: deque[bytes] = deque()
        self._wake = asyncio.Event()
        self._ended = False

    def offer(self, chunk: bytes) -> None:
        """Queue a chunk; one who reads too slowly is let go rather than kept in memory."""
        if len(self._waiting) >= QUEUE:
            self.end()
        self._waiting.append(chunk)
        self._wake.set()

    def end(self) -> None:
        """Send nothing more. A browser comes back by itself, and reads what it missed."""
        self._ended = True
        self._wake.set()

    async def next(self, timeout: float) -> bytes | None:
        """The next chunk; KEEP_ALIVE after `timeout` seconds of silence."""
        if not self._waiting and not self._ended:
            self._wake.clear()
            try:
                async with asyncio.timeout(timeout):
                    await self._wake.wait()
            except TimeoutError:
                return KEEP_ALIVE
        return None if self._ended else self._waiting.popleft()


class Feed:
    """Hands each change to every listener. Lives in the event loop's thread."""

    def __init__(self) -> None:
        self._listeners: set[Listener] = set()
        self._by_client: Counter[str] = Counter()
        self._closed = False

    @property
    def listening(self) -> bool:
        """Whether anyone listens; who publishes may spare the work when nobody does."""
        return bool(self._listeners)

    def publish(self, kind: str, data: dict[str, Any]) -> None:
        """Tell everyone that something changed. kind: `incident`, `notification`, …"""
        if self._listeners:
            chunk = b"event: %b\ndata: %b\n\n" % (kind.encode(), orjson.dumps(data))
            for listener in self._listeners:
                listener.offer(chunk)

    def close(self) -> None:
        """End every stream: the service stops."""
        self._closed = True
        for listener in self._listeners:
            listener.end()

    @contextmanager
    def listen(self, client: str) -> Iterator[Listener]:
        """Listen as long as the block runs. TooMany when a client has too many streams open."""
        if len(self._listeners) >= LISTENERS or self._by_client[client] >= PER_CLIENT:
            raise TooMany(f"too many streams are open; {client} may have {PER_CLIENT}", 10)
        listener = Listener()
        if self._closed:
            listener.end()
        self._listeners.add(listener)
        self._by_client[client] += 1
        try:
            yield listener
        finally:
            self._listeners.discard(listener)
            self._by_client[client] -= 1
            if not self._by_client[client]:
                del self._by_client[client]
