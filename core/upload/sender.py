"""The task that sends a file: one attempt a run, and what follows from how it ended."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection

from core import metrics
from core.clock import Clock
from core.errors import NotFound, TocsinError
from core.model.event import Event
from core.model.upload import Upload
from core.redact import redact
from core.store.database import Database
from core.task import Reschedule, Task, TaskCanceled, TaskQueue, on_node
from core.upload import ledger, report
from core.upload.figures import Figures
from core.upload.ledger import Turn
from core.upload.retry import next_delay
from core.upload.roots import Promise, Roots
from core.upload.target import Stage, UploadError
from core.upload.targets import Targets
from core.upload.transfer import FileChanged, Transfer

log = structlog.get_logger(__name__)
KIND = "upload"
_BUSY = timedelta(milliseconds=500)


def hand_over(
    tx: Connection,
    queue: TaskQueue,
    known: Turn,
    *,
    run_at: datetime | None = None,
    priority: int = 1,
) -> Upload:
    """Defer the task of a row in the row's own transaction; the lane is the source's, on the
    machine that has the file."""
    upload = known.upload
    payload = {"upload": upload.id, "turn": known.turn}
    lane = on_node(f"{KIND}:{upload.source}", upload.node)
    queue.defer(tx, KIND, payload, queue=lane, run_at=run_at, priority=priority)
    return upload


class Sender:
    """Runs upload tasks. `on_finished` is told of each upload that succeeded or failed."""

    def __init__(
        self,
        *,
        roots: Roots,
        targets: Targets,
        db: Database,
        queue: TaskQueue,
        figures: Figures,
        tell: Callable[[Event], Awaitable[None]],
        on_finished: Callable[[Upload], Awaitable[None]],
        language: str,
        clock: Clock,
    ) -> None:
        self._roots = roots
        self._targets = targets
        self._db = db
        self._queue = queue
        self._figures = figures
        self._tell = tell
        self._on_finished = on_finished
        self._language = language
        self._clock = clock
        # By target and key: two versions of one file are never on their way at the same time.
        self._running: dict[tuple[str, str], Transfer] = {}

    async def run(self, task: Task) -> None:
        """The task's handler. Ends by returning (stored), or raises what the queue makes of it."""
        id_, turn = task.payload["upload"], task.payload["turn"]
        known = await self._db.read(lambda c: ledger.by_id(c, id_))
        if known is None or known.turn != turn or known.upload.state in {"succeeded", "canceled"}:
            raise TaskCanceled("this upload is no longer wanted, or is done")
        if known.upload.state == "failed":  # a person has retried the task
            failed = known
            known = await self._db.write(
                lambda c: ledger.again(c, failed, self._clock(), turn=turn)
            )
        try:
            promise = await self._look(known.upload)
        except UploadError as error:
            await self._fail(known, error)
            raise
        if promise.version != known.upload.version:
            await self._replace(known, promise)
        if (promise.target, promise.key) in self._running:
            raise Reschedule(self._clock() + _BUSY, "another version of it is on its way")
        await self._attempt(known, promise)

    async def gave_up(self, task: Task, why: str) -> None:
        """The queue runs the task no more. What it did not end itself (a crash) ends here."""
        id_, turn = task.payload["upload"], task.payload["turn"]
        known = await self._db.read(lambda c: ledger.by_id(c, id_))
        if known is not None and known.turn == turn and known.upload.state in ledger.UNFINISHED:
            await self._fail(known, UploadError("other", why, retryable=False))

    def stop(self, upload: Upload) -> None:
        """Let a running transfer of `upload` end at its next step, for good."""
        for transfer in list(self._running.values()):
            promise = transfer.promise
            if (promise.path, promise.version) == (upload.path, upload.version):
                transfer.stop(UploadError("canceled", "somebody canceled it", retryable=False))

    async def _look(self, upload: Upload) -> Promise:
        """The file as it is now, and where the settings want it now."""
        source = self._roots.sources.get(upload.source)
        if source is None:
            text = f"there is no files entry {upload.source!r} any more"
            raise UploadError("other", text, retryable=False)
        try:
            return await asyncio.to_thread(self._roots.promise, source, upload.path)
        except NotFound as error:
            raise UploadError("local_file_gone", str(error), retryable=False) from error
        except TocsinError as error:
            raise UploadError("other", str(error), retryable=False) from error

    async def _attempt(self, known: Turn, promise: Promise) -> None:
        place = (promise.target, promise.key)
        transfer = Transfer(
            promise,
            lambda: self._targets.open(promise.target),
            on_stage=lambda stage: self._show(known, stage),
            on_end=lambda: self._leave(place),
        )
        self._running[place] = transfer
        try:
            upload = await self._db.write(lambda c: ledger.begin(c, known, promise, self._clock()))
            if upload is None:
                raise TaskCanceled("it was canceled")
        except BaseException:
            self._leave(place)
            raise
        known = Turn(upload, known.turn)
        began = time.monotonic()
        try:
            stored = await transfer.run()
        except asyncio.CancelledError:
            transfer.stop(UploadError("canceled", "the service is stopping", retryable=True))
            raise
        except FileChanged:
            await self._replace(known, None)
        except UploadError as error:
            await self._retry_or_fail(known, error)
        else:
            metrics.UPLOAD_DURATION.labels(promise.target).observe(time.monotonic() - began)
            await self._succeed(known, stored.etag)

    def _leave(self, place: tuple[str, str]) -> None:
        del self._running[place]

    def _show(self, known: Turn, stage: Stage) -> None:
        self._db.submit(lambda c: ledger.show_stage(c, known, stage, self._clock()))

    async def _succeed(self, known: Turn, etag: str) -> None:
        now, source, target = self._clock(), known.upload.source, known.upload.target

        def work(tx: Connection) -> tuple[Upload | None, int, int]:
            failures = ledger.failures(tx, source, target)
            ended = ledger.finish(tx, known, "succeeded", "done", now, etag=etag)
            return ended, failures, ledger.waiting(tx, source)

        ended, failures, waiting = await self._db.write(work)
        if ended is None:
            raise TaskCanceled("it was canceled when it was stored already")
        self._figures.waiting(source, waiting)
        self._figures.attempt(now, succeeded=True)
        metrics.UPLOADS.labels(target, "succeeded", "").inc()
        log.info("upload_succeeded", upload=ended.short_id, source=source, target=target)
        if failures:
            await self._report(report.recovered(ended, self._language, now))
        await self._finished(ended)

    async def _retry_or_fail(self, known: Turn, error: UploadError) -> None:
        """An attempt failed. Raises Reschedule when another will follow, else the error."""
        upload, now = known.upload, self._clock()
        source = self._roots.sources[upload.source]
        delay = next_delay(source, upload.attempts, error.retry_after) if error.retryable else None
        if delay is None:
            if not await self._fail(known, error):
                raise TaskCanceled("it was canceled") from error
            raise UploadError(error.reason, error.text, retryable=False) from error
        text = _words(error)
        if not await self._db.write(lambda c: ledger.wait(c, known, text, now)):
            raise TaskCanceled("it was canceled")
        self._figures.attempt(now, succeeded=False)
        metrics.UPLOADS.labels(upload.target, "retried", error.reason).inc()
        log.info(
            "upload_retried", upload=upload.short_id, error=text, seconds=delay.total_seconds()
        )
        raise Reschedule(now + delay, text)

    async def _fail(self, known: Turn, error: UploadError) -> bool:
        """The upload's end without success: it is counted, told, and waits for a person.

        False when it had ended already.
        """
        upload, now, text = known.upload, self._clock(), _words(error)

        def work(tx: Connection) -> tuple[Upload | None, int, int]:
            ended = ledger.finish(tx, known, "failed", upload.stage, now, error=text)
            failures = ledger.failures(tx, upload.source, upload.target)
            return ended, failures, ledger.waiting(tx, upload.source)

        ended, failures, waiting = await self._db.write(work)
        if ended is None:
            return False
        self._figures.waiting(upload.source, waiting)
        self._figures.attempt(now, succeeded=False)
        metrics.UPLOADS.labels(upload.target, "failed", error.reason).inc()
        log.warning("upload_failed", upload=ended.short_id, source=upload.source, error=text)
        count = max(failures, 1)
        await self._report(report.failed(ended, error.reason, count, self._language, now))
        await self._finished(ended)
        return True

    async def _replace(self, known: Turn, promise: Promise | None) -> None:
        """The file was rewritten: this upload ends, and its new version is one, once it is quiet.

        Always raises TaskCanceled.
        """
        upload, now = known.upload, self._clock()
        try:
            newer = promise or await self._look(upload)
        except UploadError as error:
            await self._fail(known, error)
            raise
        quiet = now + self._roots.sources[upload.source].silence

        def work(tx: Connection) -> int | None:
            if ledger.finish(tx, known, "canceled", ledger.CHANGED, now) is None:
                return None
            if ledger.settled(tx, newer) is None:
                hand_over(tx, self._queue, ledger.promise(tx, newer, now), run_at=quiet)
            return ledger.waiting(tx, upload.source)

        waiting = await self._db.write(work)
        if waiting is not None:
            self._figures.waiting(upload.source, waiting)
            metrics.UPLOADS.labels(upload.target, "canceled", "canceled").inc()
            log.info("upload_overtaken", upload=upload.short_id, source=upload.source)
        raise TaskCanceled("the file changed; its new version is uploaded instead")

    async def _report(self, event: Event) -> None:
        try:
            await self._tell(event)
        except TocsinError as error:
            log.error("upload_report_failed", status=event.status, error=str(error))

    async def _finished(self, upload: Upload) -> None:
        try:
            await self._on_finished(upload)
        except TocsinError as error:
            log.error("upload_hook_failed", upload=upload.short_id, error=str(error))


def _words(error: UploadError) -> str:
    return redact(str(error))[:1000]
