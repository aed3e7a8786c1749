"""Uploads: every file that was promised is a durable row, sent by a task until it is done.

`offer` is for the watcher, the other calls are for people. What a full queue does not take is
found again by the watcher's reconcile scan; nothing is dropped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import structlog
from sqlalchemy import Connection

from core import metrics
from core.clock import Clock, utc_now
from core.config.settings import FileSource, Settings
from core.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from core.ids import short_id
from core.model.event import Event
from core.model.upload import Upload
from core.store.database import Database
from core.store.queries.paging import in_pieces
from core.task import NODE, TaskKind, TaskQueue
from core.text import say
from core.upload import ledger
from core.upload.figures import Figures
from core.upload.roots import Promise, Roots
from core.upload.sender import KIND, Sender, hand_over
from core.upload.targets import Targets

log = structlog.get_logger(__name__)
# Longer than nearly any transfer; what is cut off goes on with the parts that are left.
TIMEOUT = timedelta(hours=1)
_SAID_EVERY = timedelta(minutes=1)
_AT_ONCE = 50


class Uploads:
    """Register `task_kinds()` at the queue; then offer files.

    report: takes the events about failing and recovering uploads. on_finished: called with every
    upload that succeeded or failed for good (outgoing webhooks).
    """

    def __init__(
        self,
        settings: Settings,
        db: Database,
        queue: TaskQueue,
        report: Callable[[Event], Awaitable[None]],
        clock: Clock = utc_now,
    ) -> None:
        self.on_finished: Callable[[Upload], Awaitable[None]] = _nobody
        self._db = db
        self._queue = queue
        self._clock = clock
        self._language = settings.language
        self._roots = Roots(settings)
        self._figures = Figures(settings.files)
        self._shed: dict[str, int] = {}
        self._said: dict[str, datetime] = {}
        self._sender = Sender(
            roots=self._roots,
            targets=Targets(settings),
            db=db,
            queue=queue,
            figures=self._figures,
            tell=report,
            on_finished=lambda upload: self.on_finished(upload),
            language=settings.language,
            clock=clock,
        )

    def task_kinds(self) -> list[TaskKind]:
        """What the composition root registers. Each source is a lane with its own workers."""
        return [
            TaskKind(
                kind=KIND,
                handler=self._sender.run,
                concurrency=self._workers,
                timeout=TIMEOUT,
                on_dead=self._sender.gave_up,
            )
        ]

    async def offer(self, source: FileSource, path: Path) -> Upload | None:
        """A finished file was seen. Returns the upload that stands for this version of it.

        None when nothing was promised: the file is gone, may not be uploaded, or the source's
        queue is full. Raises StoreError.
        """
        try:
            promise = await asyncio.to_thread(self._roots.promise, source, str(path))
        except NotFound:
            return None
        except (PermissionDenied, InvalidInput) as error:
            metrics.UPLOADS.labels(source.target, "refused", "other").inc()
            log.warning("upload_refused", source=source.name, error=str(error))
            return None

        def look(c: Connection) -> tuple[Upload | None, int]:
            return ledger.settled(c, promise), ledger.waiting(c, source.name)

        settled, waiting = await self._db.read(look)
        if settled is None and waiting < source.upload_queue_size:
            settled, waiting = await self._db.write(lambda c: self._accept(c, promise, source))
        self._figures.waiting(source.name, waiting)
        if settled is None:
            self._put_off(source)
        return settled

    async def request(self, path: str, by: str) -> Upload:
        """Upload a file now, by hand. What is stored already in this version is not sent again.

        Raises PermissionDenied outside the watched roots, NotFound, InvalidInput for what is no
        regular file.
        """
        source = await asyncio.to_thread(self._roots.source_of, path)
        promise = await asyncio.to_thread(self._roots.promise, source, path)

        def work(tx: Connection) -> tuple[Upload, int]:
            settled = ledger.settled(tx, promise)
            if settled is None or settled.state in {"failed", "canceled"}:
                known = ledger.promise(tx, promise, self._clock())
                settled = hand_over(tx, self._queue, known, priority=0)
            return settled, ledger.waiting(tx, source.name)

        upload, waiting = await self._db.write(work)
        self._figures.waiting(source.name, waiting)
        log.info("upload_requested", upload=upload.short_id, source=source.name, by=by)
        return upload

    async def retry(self, number: int) -> Upload:
        """Try a failed or canceled upload again. Conflict when it is neither, NotFound."""

        def work(tx: Connection) -> tuple[Upload, int]:
            known = ledger.get(tx, number)
            if known is None:
                raise NotFound(self._say("upload.unknown", number))
            state = known.upload.state
            if state not in {"failed", "canceled"}:
                raise Conflict(self._say("upload.not_retriable", number, state=state))
            upload = hand_over(tx, self._queue, ledger.again(tx, known, self._clock()), priority=0)
            return upload, ledger.waiting(tx, upload.source)

        upload, waiting = await self._db.write(work)
        self._figures.waiting(upload.source, waiting)
        return upload

    async def retry_failed(self, since: datetime | None) -> list[Upload]:
        """Try every upload again that failed since a moment (None: ever), oldest first."""
        numbers = await self._db.read(lambda c: ledger.failed_numbers(c, since))
        again: list[Upload] = []
        for piece in in_pieces(numbers, _AT_ONCE):
            again += await self._db.write(partial(self._retry_all, piece))
        return again

    async def cancel(self, number: int) -> Upload:
        """End an upload that waits or runs. Conflict when it has ended, NotFound."""

        def work(tx: Connection) -> tuple[Upload, int]:
            known = ledger.get(tx, number)
            if known is None:
                raise NotFound(self._say("upload.unknown", number))
            ended = ledger.finish(tx, known, "canceled", "canceled", self._clock())
            if ended is None:
                state = known.upload.state
                raise Conflict(self._say("upload.not_cancelable", number, state=state))
            return ended, ledger.waiting(tx, ended.source)

        upload, waiting = await self._db.write(work)
        self._sender.stop(upload)
        self._figures.waiting(upload.source, waiting)
        metrics.UPLOADS.labels(upload.target, "canceled", "canceled").inc()
        log.info("upload_canceled", upload=upload.short_id, source=upload.source)
        return upload

    async def failure_ratio(self, now: datetime) -> float:
        """The part of the attempts of the last ten minutes that failed; 0 when under five ended."""
        return self._figures.failure_ratio(now)

    async def queue_ratio(self) -> float:
        """How full the fullest source's queue is, 1 for full; counted in the store."""
        names = list(self._roots.sources)
        counts = await self._db.read(lambda c: [ledger.waiting(c, name) for name in names])
        for name, count in zip(names, counts, strict=True):
            self._figures.waiting(name, count)
        return self._figures.queue_ratio()

    def _accept(
        self, tx: Connection, promise: Promise, source: FileSource
    ) -> tuple[Upload | None, int]:
        settled = ledger.settled(tx, promise)
        waiting = ledger.waiting(tx, source.name)
        if settled is not None or waiting >= source.upload_queue_size:
            return settled, waiting
        upload = hand_over(tx, self._queue, ledger.promise(tx, promise, self._clock()))
        return upload, ledger.waiting(tx, source.name)

    def _retry_all(self, numbers: Sequence[int], tx: Connection) -> list[Upload]:
        found = [ledger.get(tx, number) for number in numbers]
        return [
            hand_over(tx, self._queue, ledger.again(tx, known, self._clock()), priority=0)
            for known in found
            if known is not None and known.upload.state == "failed"
        ]

    def _put_off(self, source: FileSource) -> None:
        """The queue is full: count it, and say so once a minute."""
        metrics.UPLOADS.labels(source.target, "deferred", "queue_full").inc()
        self._shed[source.name] = self._shed.get(source.name, 0) + 1
        now = self._clock()
        if now - self._said.get(source.name, now - _SAID_EVERY) >= _SAID_EVERY:
            self._said[source.name] = now
            log.warning(
                "upload_queue_full",
                source=source.name,
                files=self._shed.pop(source.name),
                upload_queue_size=source.upload_queue_size,
            )

    def _workers(self, queue: str) -> int:
        source = self._roots.sources.get(queue.partition(":")[2].partition(NODE)[0])
        return source.upload_workers if source is not None else 1

    def _say(self, key: str, number: int, **values: str) -> str:
        return say(key, self._language, id=short_id("UPL", number), **values)


async def _nobody(_upload: Upload) -> None:
    """Nobody waits for finished uploads."""
