"""The live index: kept in step with the store, whoever changes it.

Two threads do the blocking work: one owns the index (a search never sees half of a change), the
other the encoder. One task brings rows that changed into the index by their words, another gives
them their vectors, so that a long embedding holds up no new article. Rows are looked at twice a
second by their time of change: what other processes write is found within a second, own writes at
once. Vectors are read from the store and computed only for what is new: a restart embeds nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import structlog
from sqlalchemy import Connection

from core.clock import Clock, utc_now
from core.errors import StoreError
from core.store.database import Database
from knowledge.embed.encoder import Encoder
from knowledge.index import memory
from knowledge.index.document import Document
from knowledge.index.index import Hit, Index, Key, Query, embedding_texts

if TYPE_CHECKING:
    from knowledge.index.vectors import Matrix

log = structlog.get_logger(__name__)
T = TypeVar("T")
LOOK = 0.5  # seconds between two looks at the store
LOOK_AGAIN = 300.0  # seconds between two looks at every row: finds what was deleted
# Clocks of processes differ, and a row may be committed after one with a later time.
OVERLAP = timedelta(seconds=30)
PAGE = 20  # documents read, indexed or embedded at a time: a search waits for no more
FIRST_LOOK = 2.0  # seconds that `search` waits for the first look at most


class LiveIndex:
    """Start with `start()`; `search` at any time, `stop()` when done."""

    def __init__(self, db: Database, encoder: Encoder, clock: Clock = utc_now) -> None:
        self.encoder = encoder
        self.error = ""
        self._db = db
        self._clock = clock
        self._index = Index()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="index")
        self._exchanging = asyncio.Lock()  # held while vectors move to another kind of index
        self._changed, self._unattached = asyncio.Event(), asyncio.Event()
        self._loaded = asyncio.Event()
        self._moved = asyncio.Condition()  # told after each look and each attaching
        self._looks_begun = self._looks_done = 0
        self._stopping = False
        self._tasks: list[asyncio.Task[None]] = []
        self._known: dict[Key, str] = {}
        self._bare: dict[Key, Document] = {}  # documents without vectors
        self._newest: datetime | None = None
        self._looked_at_all = -LOOK_AGAIN
        self._is_swept = False

    def start(self) -> None:
        """Begin to load, in the background."""
        for work in (self._keep_words, self._keep_vectors):
            task = asyncio.create_task(work(), name=f"knowledge{work.__name__}")
            task.add_done_callback(self._ended)
            self._tasks.append(task)

    async def stop(self) -> None:
        """End the background work after the step at hand."""
        self._stopping = True
        self._changed.set()
        self._unattached.set()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._tell()
        self._thread.shutdown(wait=False, cancel_futures=True)
        self.encoder.close()

    def wake(self) -> None:
        """Something changed: look now."""
        self._changed.set()

    async def settled(self) -> None:
        """Wait until everything committed before this call is found by words and, unless the
        embedder fails, by meaning."""
        wanted = self._looks_begun + 1
        self.wake()
        async with self._moved:
            await self._moved.wait_for(
                lambda: (
                    self._stopping
                    or (self._looks_done >= wanted and (not self._bare or self.encoder.error))
                )
            )

    @property
    def loaded(self) -> bool:
        """Whether the store was read once."""
        return self._loaded.is_set()

    @property
    def counts(self) -> tuple[int, int, int]:
        """Documents, passages, and documents that wait for their vectors."""
        return len(self._index), self._index.passages, len(self._bare)

    async def search(
        self,
        query: Query,
        limit: int,
        kinds: tuple[str, ...],
        without: frozenset[Key] = frozenset(),
    ) -> list[Hit]:
        """See Index.search. In the first moments after a start it waits for the store."""
        if not self._loaded.is_set():
            await _within(FIRST_LOOK, self._loaded.wait())
        return await self._in_thread(lambda: self._index.search(query, limit, kinds, without))

    async def _tell(self) -> None:
        async with self._moved:
            self._moved.notify_all()

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _ended(self, task: asyncio.Task[None]) -> None:
        failure = None if task.cancelled() else task.exception()
        if failure is not None:
            self.error = f"the index is not kept any more: {failure!r}"
            log.error("knowledge_index_ended", task=task.get_name(), exc_info=failure)

    # Words

    async def _keep_words(self) -> None:
        while not self._stopping:
            self._changed.clear()
            self._looks_begun += 1
            try:
                await self._look()
            except StoreError as error:
                self.error = str(error)
                log.warning("knowledge_look_failed", why=self.error)
            else:
                self.error = ""
                self._looks_done = self._looks_begun
                self._loaded.set()
                self._unattached.set()
                await self._tell()
            await _within(LOOK, self._changed.wait())

    async def _look(self) -> None:
        """Bring documents that changed since the last look into the index."""
        began = time.monotonic()
        since: datetime | None = None
        if self._newest is not None and began - self._looked_at_all < LOOK_AGAIN:
            since = self._newest - OVERLAP

        def compare(connection: Connection) -> tuple[list[Key], list[tuple[Key, str]], Any]:
            found, newest = memory.stamps(connection, since)
            known = self._known  # only this task changes it, and it waits here
            gone = [key for key, stamp in found.items() if stamp is None and key in known]
            if since is None:
                gone += [key for key in known if key not in found]
            changed = [(k, s) for k, s in found.items() if s is not None and known.get(k) != s]
            return gone, changed, newest

        gone, changed, newest = await self._db.read(compare)
        for key in gone:
            await self._remove(key)
        for at in range(0, len(changed), PAGE):
            if self._stopping:
                return
            await self._take(changed[at : at + PAGE])
        self._newest = newest
        if since is None:
            self._looked_at_all = began

    async def _take(self, page: list[tuple[Key, str]]) -> None:
        documents = await self._db.read(lambda c: memory.documents(c, page))
        kept = {document.key for document in documents}
        left_out = [key for key, _stamp in page if key not in kept]

        def put() -> None:
            for key in left_out:
                self._index.remove(key)
            for document in documents:
                self._index.put(document)

        async with self._exchanging:
            await self._in_thread(put)
        self._known.update(page)
        for key in left_out:
            self._bare.pop(key, None)
        self._bare.update((document.key, document) for document in documents)

    async def _remove(self, key: Key) -> None:
        self._bare.pop(key, None)
        async with self._exchanging:
            await self._in_thread(lambda: self._index.remove(key))
        await self._db.write(lambda c: memory.drop_vectors(c, key))
        self._known.pop(key, None)

    # Meaning

    async def _keep_vectors(self) -> None:
        started = time.monotonic()
        if await self.encoder.load():
            log.info("embedder_loaded", seconds=round(time.monotonic() - started, 2))
        while not self._stopping:
            self._unattached.clear()
            try:
                await self._attach()
            except StoreError as error:
                log.warning("knowledge_vectors_not_kept", why=str(error))
            await self._tell()
            await _within(LOOK, self._unattached.wait())

    async def _attach(self) -> None:
        """Give vectors to the documents that have none, from the store or from the encoder."""
        waiting = list(self._bare.values())
        if waiting and not await self.encoder.load():
            return
        for at in range(0, len(waiting), PAGE):
            if self._stopping or not await self._attach_page(waiting[at : at + PAGE]):
                return
        if waiting:
            await self.encoder.rest()
            await self._grow()
        if self._loaded.is_set() and not self._bare:
            await self._sweep()

    async def _attach_page(self, page: list[Document]) -> bool:
        """Whether the embedder did not fail."""
        key = self.encoder.key
        stored = await self._db.read(lambda c: memory.stored_vectors(c, page, key))
        for document in page:
            if self._bare.get(document.key) is not document:
                continue  # it changed meanwhile
            vectors = stored.get(document.key)
            if vectors is None:
                vectors = await self._embed(document, key)
            if vectors is None:
                return False
            await self._give(document, vectors)
        return True

    async def _embed(self, document: Document, key: str) -> Matrix | None:
        """Compute a document's vectors and keep them in the store; None when that failed."""
        texts = await self._in_thread(lambda: embedding_texts(document))
        vectors = await self.encoder.embed(texts)
        if vectors is not None:
            kept, now = vectors, self._clock()
            await self._db.write(lambda c: memory.keep_vectors(c, document, kept, key, now))
            if self._bare.get(document.key) is not document:  # gone or changed meanwhile
                await self._db.write(lambda c: memory.drop_vectors(c, document.key))
        return vectors

    async def _give(self, document: Document, vectors: Matrix) -> None:
        await self._in_thread(lambda: self._index.attach(document, vectors))
        if self._bare.get(document.key) is document:
            del self._bare[document.key]

    async def _grow(self) -> None:
        """Exchange exact search for an inverted file when there are very many vectors."""
        vectors = self._index.vectors
        if vectors is None or not vectors.crowded:
            return
        async with self._exchanging:  # searches go on
            larger = await asyncio.to_thread(vectors.inverted)

            def exchange() -> None:
                self._index.vectors = larger

            await self._in_thread(exchange)
        log.info("index_inverted", vectors=len(larger))

    async def _sweep(self) -> None:
        """Once: delete what another embedder left in the store."""
        key = self.encoder.key
        while self.encoder.loaded and not self._is_swept and not self._stopping:
            rows = await self._db.read(lambda c: memory.others_vectors(c, key))
            await self._drop(rows)
            self._is_swept = not rows

    async def _drop(self, rows: list[int]) -> None:
        await self._db.write(lambda c: memory.drop_rows(c, rows))


async def _within(seconds: float, waiting: Coroutine[Any, Any, Any]) -> None:
    """Wait, but no longer than that."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await waiting
