"""Log files as a source: the lines that rules speak of become events, none lost and none twice.

Files are read in chunks in a thread and scanned there. The events of a chunk and the place in
the file behind it are committed together; where that fails, the chunk is read again.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import islice
from typing import TypeVar

import structlog
from watchfiles import Change

from core import metrics
from core.clock import Clock, utc_now
from core.config.rules import Rule
from core.config.settings import LogSource
from core.errors import StoreError
from core.intake.changes import Changes
from core.intake.find import directories
from core.intake.follow import CHUNK, Follow, Piece
from core.intake.followed import Followed
from core.intake.lines import LINE_MAX, readable
from core.intake.multiline import joiner_of
from core.intake.place import from_stored, to_stored
from core.model.event import Event
from core.redact import redact
from core.rule.scanner import RuleScanner
from core.store.journal import Journal, Position

log = structlog.get_logger(__name__)
T = TypeVar("T")
Taken = list[tuple[Follow, Piece]]
POLL = 1.0  # seconds; notices are quicker, this is for what they miss
HELD = 0.2  # the same, while an event is held back that may go on
RETRY = 1.0
SAVE = 1.0
# One commit's share: so many bytes, or so many events, whichever comes first.
_BYTES = CHUNK
_EVENTS = 10_000
_SMALL = 2 * LINE_MAX
_KEY = "files"


class Tail:
    """Follows the files of one log. `start`, and `stop` when done."""

    def __init__(
        self,
        settings: LogSource,
        rules: Sequence[Rule],
        journal: Journal,
        clock: Clock = utc_now,
        node: str = "",
    ) -> None:
        """node: which machine's files these are, where several machines share a journal."""
        self._settings = settings
        self._source = f"log:{settings.name}"
        self._key = f"{_KEY}@{node}" if node else _KEY
        self._scanner = RuleScanner.for_labels(rules, settings.labels)
        self._joiner = joiner_of(settings)
        self._holds = False
        self._journal = journal
        self._clock = clock
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"tail-{settings.name}")
        self._watchers: list[Changes] = []
        self._wake = asyncio.Event()
        self._stopping = False
        self._running: asyncio.Task[None] | None = None
        self._files = Followed(settings, None)
        self._open_paths: set[str] = set()
        self._look_wanted = True
        self._look_not_before = 0.0
        self._looked_at = 0.0
        self._saved_at = 0.0
        self._unsaved = False
        self._idle_passes = 0

    async def start(self) -> None:
        """See which files there are and follow them. What is written after this returned is read.

        Raises StoreError when the places cannot be loaded and kept.
        """
        stored = (await self._journal.positions(self._source)).get(self._key)
        if stored is not None:
            self._files = Followed(self._settings, from_stored(stored))
        await self._in_thread(lambda: self._files.look(time.monotonic()))
        await self._save()
        self._running = asyncio.create_task(self._run(), name=self._source)
        self._watch(asyncio.get_running_loop())

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        def tell(changes: set[tuple[Change, str]]) -> None:
            loop.call_soon_threadsafe(self._notice, changes)

        flat, deep = directories(self._files.patterns)
        for where, recursive in ((flat, False), (deep, True)):
            if where:
                watcher = Changes(where, tell, recursive=recursive)
                watcher.start()
                self._watchers.append(watcher)

    async def stop(self) -> None:
        """Finish the chunk at hand and keep the places. What is not read yet is read next time."""
        self._stopping = True
        self._wake.set()
        for watcher in self._watchers:
            await asyncio.to_thread(watcher.stop)
        if self._running is None:
            return
        await self._running
        self._running = None
        try:
            if self._unsaved:
                await self._save()
        except StoreError as error:
            log.warning("tail_places_not_kept", log=self._settings.name, error=str(error))
        await self._in_thread(self._files.close)
        self._thread.shutdown()

    async def set_rules(self, rules: Sequence[Rule]) -> None:
        """Other rules hold from the next chunk on; the places in the files stay."""
        labels = self._settings.labels
        self._scanner = await asyncio.to_thread(RuleScanner.for_labels, rules, labels)

    @property
    def name(self) -> str:
        """`log:shop`."""
        return self._source

    @property
    def problem(self) -> str:
        """Why it is not at work; empty when it is."""
        at_work = self._running is not None and not self._running.done()
        return "" if at_work else "not running"

    async def caught_up(self) -> None:
        """Wait until every whole line that was written before this call is read and stored."""
        enough = self._idle_passes + 2  # one may have begun before the call
        while self._idle_passes < enough:
            self._look_wanted, self._look_not_before = True, 0
            self._wake.set()
            await asyncio.sleep(0.002)

    def _in_thread(self, work: Callable[[], T]) -> asyncio.Future[T]:
        return asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _notice(self, changes: set[tuple[Change, str]]) -> None:
        grown = {path for change, path in changes if change is Change.modified}
        if len(grown) < len(changes) or not changes or not grown <= self._open_paths:
            self._look_wanted = True
        self._wake.set()

    async def _run(self) -> None:
        while not self._stopping:
            self._wake.clear()
            try:
                busy = await self._pass()
            except StoreError as error:
                # Nothing moved on: what was read is read again.
                log.error("tail_not_stored", log=self._settings.name, error=str(error))
                await asyncio.sleep(RETRY)
                continue
            if not busy:
                self._idle_passes += 1
                await self._sleep()

    async def _sleep(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(HELD if self._holds else POLL):
                await self._wake.wait()

    async def _pass(self) -> bool:
        """Read some, scan it, store what was found. Whether there may be more."""
        events, taken = await self._in_thread(self._gather)
        if events:
            await self._journal.append(self._source, events, [self._position(taken)])
        elif any(piece.lines for _, piece in taken):
            self._journal.on_heard(self._source, [])  # it lives, whatever it says
        for follow, piece in taken:
            follow.advance(piece)
        self._unsaved = (self._unsaved or bool(taken)) and not events
        if self._unsaved and time.monotonic() - self._saved_at >= SAVE:
            await self._save()
        self._open_paths = self._files.open_paths()
        metrics.TAIL_LAG.labels(self._settings.name).set(self._files.lag)
        return bool(taken)

    def _position(self, taken: Taken) -> Position:
        return Position(self._source, self._key, to_stored(self._files.places(taken)))

    async def _save(self) -> None:
        await self._journal.set_positions([self._position([])])
        self._saved_at = time.monotonic()
        self._unsaved = False

    # In the thread

    def _gather(self) -> tuple[list[Event], Taken]:
        now = time.monotonic()
        self._look(now)
        self._holds = False
        events: list[Event] = []
        taken: Taken = []
        size = 0
        for follow in self._files.ready(now):
            try:
                got = self._take(follow, now)
            except OSError as error:
                self._files.complain(follow, error)
                continue
            follow.complained = False
            if got is None:
                continue
            piece, found = got
            taken.append((follow, piece))
            self._files.served(follow)
            events += found
            size += len(piece.lines)
            if size >= _BYTES or len(events) >= _EVENTS:
                break
        return events, taken

    def _look(self, now: float) -> None:
        """When notices ask for it, or by itself now and then; a large tree not all the time."""
        wanted = self._look_wanted and now >= self._look_not_before
        if wanted or now - self._looked_at >= POLL:
            self._look_wanted = False
            self._files.look(now)
            self._looked_at = time.monotonic()
            self._look_not_before = self._looked_at + 4 * (self._looked_at - now)

    def _take(self, follow: Follow, now: float) -> tuple[Piece, list[Event]] | None:
        piece = self._read(follow, now, CHUNK)
        if piece is None:
            return None
        events = list(islice(self._events(follow, piece), _EVENTS + 1))
        if len(events) > _EVENTS:  # so many at once cost too much memory
            piece = self._read(follow, now, _SMALL)
            events = list(self._events(follow, piece)) if piece is not None else []
        return (piece, events) if piece is not None else None

    def _read(self, follow: Follow, now: float, limit: int) -> Piece | None:
        """Whole lines; of a log whose events have many lines, whole events."""
        piece = follow.read(now, limit)
        joiner = self._joiner
        if joiner is None or piece is None or piece.skipping or not piece.lines:
            return piece
        whole = joiner.settled(piece.lines)
        if now - follow.grown >= joiner.quiet and not whole:
            return piece
        if not whole:
            self._holds = True
            return None
        return Piece(piece.lines[:whole], piece.offset - len(piece.lines) + whole, False)

    def _events(self, follow: Follow, piece: Piece) -> Iterator[Event]:
        if not piece.lines:
            return
        text, bad = readable(piece.lines, self._settings.encoding)
        # A name that is not UTF-8 cannot be stored as it is.
        name = os.fsencode(follow.place.path).decode("utf-8", "replace")
        if bad and not follow.bad_reported:
            follow.bad_reported = True
            log.warning("log_file_bad_bytes", log=self._settings.name, file=name, replaced=bad)
        now = self._clock()
        lines = text
        if self._joiner is not None:
            text, lines = self._joiner.join(text)
        for hit in self._scanner.scan(lines):
            yield Event(
                source=self._source,
                occurred_at=now,
                labels=self._settings.labels,
                annotations={"file": name},
                body=redact(text[hit.offset : hit.offset + len(hit.line)].decode()),
                rules=hit.rules,
                clears=hit.clears,
            )
