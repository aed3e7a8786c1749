"""Notices of change under directories, by inotify and its like. They are hints: who needs to be
sure looks for himself as well, since a directory may be out of a watcher's reach."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterable

import structlog
from watchfiles import Change, watch

log = structlog.get_logger(__name__)
# It reports every change of a log file that it sees.
logging.getLogger("watchfiles").setLevel(logging.WARNING)

Tell = Callable[[set[tuple[Change, str]]], None]
_STEP_MS = 5
_DEBOUNCE_MS = 50
LOOK_AGAIN_MS = 1000


class Changes:
    """Watches from a thread of its own; directories may vanish and come back.

    `tell` is called in that thread with what changed, and with nothing soon after a watch has
    begun: what changed before went unseen. Paths begin as the directories were given.
    """

    def __init__(self, directories: Iterable[str], tell: Tell, *, recursive: bool) -> None:
        self._directories = sorted(set(directories))
        self._tell = tell
        self._recursive = recursive
        self._stop = threading.Event()
        self._complaint = ""
        self._thread = threading.Thread(target=self._run, name="changes", daemon=True)

    def start(self) -> None:
        """Begin to watch. Returns at once; a large tree is ready a little later."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread; blocks for some milliseconds."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            present = self._present()
            try:
                if present:
                    self._watch(present)
            except (OSError, RuntimeError) as error:  # no watches left, a directory just gone
                if str(error) != self._complaint:
                    self._complaint = str(error)
                    log.warning("watching_by_polling_only", error=self._complaint)
            self._stop.wait(LOOK_AGAIN_MS / 1000)

    def _watch(self, present: dict[str, tuple[int, int]]) -> None:
        """Until one of the directories comes, goes, or is another one."""
        begun = False
        for changes in watch(
            *present,
            watch_filter=None,
            step=_STEP_MS,
            debounce=_DEBOUNCE_MS,
            rust_timeout=LOOK_AGAIN_MS,
            yield_on_timeout=True,
            stop_event=self._stop,
            raise_interrupt=False,
            recursive=self._recursive,
            ignore_permission_denied=True,
        ):
            if not begun:
                self._tell(set())
                begun = True
            if changes:
                self._tell(changes)
            if self._present() != present:
                break

    def _present(self) -> dict[str, tuple[int, int]]:
        """The directories that are there, each with what tells it from a later one."""
        found = {}
        for directory in self._directories:
            try:
                status = os.stat(directory)
            except OSError:
                continue
            found[directory] = (status.st_dev, status.st_ino)
        return found
