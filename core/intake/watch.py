"""A watched directory as a source: files that are finished are offered for upload.

Notices of change are quick, a scan at start and every minute is sure: it finds what came while
nobody watched, and what was offered in vain.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import structlog
from watchfiles import Change

from core import metrics
from core.clock import Clock, utc_now
from core.config.settings import FileSource
from core.errors import StoreError
from core.intake.changes import Changes
from core.intake.eligible import Eligible, Version
from core.intake.quiet import Quiet
from core.model.event import Event
from core.text import say

log = structlog.get_logger(__name__)
Offer = Callable[[FileSource, Path], Awaitable[object]]
Report = Callable[[Event], Awaitable[None]]
ALERT = "WatchDirMissing"
RECONCILE = 60.0
TICK = 1.0
RETRY = 5.0
_AT_ONCE = 32  # offers that run together, so that they share commits


class Watch:
    """Watches the directories of one source. `start`, and `stop` when done.

    offer: takes a finished file. None as its answer means that it was not taken (a queue is
    full): the file is offered again after the next scan. Else each version of a file is offered
    once. report: takes an event about the source itself.
    """

    def __init__(
        self,
        settings: FileSource,
        offer: Offer,
        report: Report,
        clock: Clock = utc_now,
        language: str = "zh-CN",
    ) -> None:
        self._settings = settings
        self._offer = offer
        self._report = report
        self._clock = clock
        self._language = language
        self._files = Eligible(settings)
        self._quiet = Quiet(settings.silence.total_seconds())
        self._offered: set[int] = set()  # of (path, version); hashes, since they may be very many
        self._told: dict[str, str] = {}  # of each root: why it cannot be read, empty when it can
        self._watcher: Changes | None = None
        self._wake = asyncio.Event()
        self._stopping = False
        self._running: asyncio.Task[None] | None = None
        self._scan_at = 0.0
        self._tick_at = 0.0

    async def start(self) -> None:
        """Begin to watch; what is there already is found at once."""
        loop = asyncio.get_running_loop()

        def tell(changes: set[tuple[Change, str]]) -> None:
            seen, gone = self._look(changes)
            loop.call_soon_threadsafe(self._notice, seen, gone, not changes)

        self._watcher = Changes(self._files.roots, tell, recursive=True)
        self._watcher.start()
        self._running = asyncio.create_task(self._run(), name=self.name)

    async def stop(self) -> None:
        """Offer no more. What was not offered yet is found at the next start."""
        self._stopping = True
        self._wake.set()
        if self._watcher is not None:
            await asyncio.to_thread(self._watcher.stop)
        if self._running is not None:
            await self._running

    @property
    def name(self) -> str:
        """`file:reports`."""
        return f"file:{self._settings.name}"

    @property
    def problem(self) -> str:
        """Why it is not at work, or which directory is missing; empty when all is well."""
        if self._running is None or self._running.done():
            return "not running"
        return "; ".join(f"{root}: {error}" for root, error in self._told.items() if error)

    def _look(self, changes: set[tuple[Change, str]]) -> tuple[list[tuple[str, Version]], set[str]]:
        """What the watcher's notices are about, seen from its thread."""
        seen: dict[str, Version] = {}
        gone: set[str] = set()
        for change, path in changes:
            if (found := self._files.look(path)) is not None:
                seen[found[0]] = found[1]
            elif change is Change.deleted:
                gone.add(path)
            elif change is Change.added and Path(path).is_dir():
                # What was put into it before it was watched gave no notice.
                seen.update(self._files.scan_below(path))
        return list(seen.items()), gone

    def _notice(self, seen: list[tuple[str, Version]], gone: set[str], missed: bool) -> None:
        metrics.FILE_EVENTS.inc(len(seen) + len(gone))
        now = time.monotonic()
        for path, version in seen:
            self._quiet.changed(path, version, now)
        for path in gone:
            self._quiet.gone(path)
        if missed:  # a watch began: what came before it gave no notice
            self._scan_at = 0
        self._wake.set()

    async def _run(self) -> None:
        while not self._stopping:
            self._wake.clear()
            now = time.monotonic()
            if now >= self._tick_at:
                self._tick_at = now + TICK
                await self._check_roots()
            if now >= self._scan_at:
                self._scan_at = now + RECONCILE
                await self._reconcile()
            while not self._stopping and (due := self._quiet.due(time.monotonic(), _AT_ONCE)):
                await self._offer_all(due)
            await self._sleep()

    async def _sleep(self) -> None:
        wakes_at = min(self._tick_at, self._scan_at, self._quiet.next_due() or self._tick_at)
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, wakes_at - time.monotonic())):
                await self._wake.wait()

    async def _reconcile(self) -> None:
        """Find what no notice told of."""

        def scan() -> tuple[list[tuple[str, Version]], set[int]]:
            found: list[tuple[str, Version]] = []
            there: set[int] = set()
            for file in self._files.scan():
                there.add(hash(file))
                if hash(file) not in self._offered:
                    found.append(file)
            return found, there

        found, there = await asyncio.to_thread(scan)
        self._offered &= there
        now = time.monotonic()
        for path, version in found:
            self._quiet.seen(path, version, now)

    async def _offer_all(self, due: list[tuple[str, Version]]) -> None:
        paths = [path for path, _version in due]
        versions = await asyncio.to_thread(lambda: [self._files.version(path) for path in paths])
        finished = []
        for (path, version), now_version in zip(due, versions, strict=True):
            if now_version is not None and now_version != version:
                self._quiet.changed(path, now_version, time.monotonic())
            elif now_version is not None and hash((path, version)) not in self._offered:
                finished.append((path, version))
        offers = (self._offer_one(path, version) for path, version in finished)
        await asyncio.gather(*offers)

    async def _offer_one(self, path: str, version: Version) -> None:
        try:
            taken = await self._offer(self._settings, Path(path))
        except StoreError as error:
            log.error("file_not_offered", source=self._settings.name, error=str(error))
            self._scan_at = min(self._scan_at, time.monotonic() + RETRY)
            return
        if taken is not None:
            self._offered.add(hash((path, version)))

    async def _check_roots(self) -> None:
        """Tell of directories that vanished or came back; at the start, of all: an alert of an
        earlier run may wait for its end."""
        roots = self._files.roots
        errors = await asyncio.to_thread(lambda: [self._files.root_error(root) for root in roots])
        for root, error in zip(roots, errors, strict=True):
            before = self._told.get(root)
            if before is not None and bool(before) == bool(error):
                continue
            try:
                await self._report(self._event(root, error))
            except StoreError as failure:
                log.error("watch_dir_not_reported", directory=root, error=str(failure))
                continue
            self._told[root] = error

    def _event(self, root: str, error: str) -> Event:
        now = self._clock()
        key = "intake.watch_dir_missing" if error else "intake.watch_dir_back"
        return Event(
            source=self.name,
            occurred_at=now,
            labels={"alertname": ALERT, "source": self._settings.name, "directory": root},
            annotations={"summary": say(key, self._language, directory=root, why=error)},
            severity="critical",
            status="firing" if error else "resolved",
        )
