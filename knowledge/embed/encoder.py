"""Encoder: the embedder in a thread of its own, with what happens while it loads or fails.

A search never waits for it longer than it is worth: without a vector the words alone answer.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

import structlog

from core.errors import TocsinError
from knowledge.embed.embedder import Embedder

if TYPE_CHECKING:
    from knowledge.embed.embedder import Matrix

log = structlog.get_logger(__name__)
T = TypeVar("T")
QUERY_TIMEOUT = 1.0  # seconds
REMEMBERED = 512  # vectors of queries
RETRY = 60.0  # seconds until a failed embedder is asked again


class Encoder:
    """Owns the thread. `load()` before anything else; `close()` when done."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="encode")
        self._dim = 0
        self._rests_until = 0.0
        self._asked: OrderedDict[str, Matrix] = OrderedDict()
        self.error = ""

    @property
    def ready(self) -> bool:
        """Whether the model is loaded and did not fail lately."""
        return bool(self._dim) and time.monotonic() >= self._rests_until

    @property
    def loaded(self) -> bool:
        """Whether the model was loaded."""
        return bool(self._dim)

    @property
    def key(self) -> str:
        """What vectors are stored under: those of another model or length are not ours."""
        return f"{self._embedder.name}/{self._dim}"

    async def load(self) -> bool:
        """Load the model when it is not; whether it can be used now.

        False while it rests after a failure.
        """
        if not self._dim and time.monotonic() >= self._rests_until:
            self._dim = await self._guarded(self._load) or 0
        return self.ready

    async def query(self, text: str) -> Matrix | None:
        """The vector of one text, shape (dim,); None when there is none in time.

        The last texts are remembered: in a storm the same is asked over and over.
        """
        known = self._asked.get(text)
        if known is not None:
            self._asked.move_to_end(text)
            return known
        if not self.ready:
            return None
        try:
            async with asyncio.timeout(QUERY_TIMEOUT):
                vectors = await self.embed([text])
        except TimeoutError:
            log.warning("embedding_too_slow", seconds=QUERY_TIMEOUT)
            return None
        if vectors is None:
            return None
        vector: Matrix = vectors[0]
        self._asked[text] = vector
        if len(self._asked) > REMEMBERED:
            self._asked.popitem(last=False)
        return vector

    async def embed(self, texts: list[str]) -> Matrix | None:
        """Shape (len(texts), dim), a batch at a time; None when the embedder failed."""
        import numpy as np

        rows = np.empty((len(texts), self._dim), dtype=np.float32)
        size = self._embedder.batch
        for at in range(0, len(texts), size):
            part = texts[at : at + size]
            vectors = await self._guarded(lambda part=part: self._embedder.embed(part))  # type: ignore[misc]
            if vectors is None:
                return None
            rows[at : at + size] = vectors
        return rows

    async def rest(self) -> None:
        """A long work is done."""
        await self._guarded(self._embedder.rest)

    def close(self) -> None:
        """Let the thread end after what it is doing."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _load(self) -> int:
        self._embedder.embed(["warm up"])
        return self._embedder.dim

    async def _guarded(self, work: Callable[[], T]) -> T | None:
        """Run in the thread. A failure is logged, kept in `error`, and rested after."""
        try:
            result = await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except TocsinError as error:
            self.error = str(error)
            self._rests_until = time.monotonic() + RETRY
            log.warning("embedder_failed", embedder=self._embedder.name, why=self.error)
            return None
        self.error = ""
        return result
