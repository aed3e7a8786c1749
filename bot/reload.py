"""Rules read anew from the settings file: on SIGHUP, and by itself when the file changes.

Only rules are taken over while the service runs; what else has changed waits for a restart, and
the log says so. A file with mistakes changes nothing: each mistake is logged, and /readyz and
/status tell that the old rules are in force.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import structlog

from core.config.settings import Settings
from core.errors import ConfigError, StoreError
from core.rulebook import RuleBook

log = structlog.get_logger(__name__)
LOOK = 2.0  # seconds between looks at the file


class Reload:
    """Runs as a task beside the service until it is canceled."""

    def __init__(
        self, path: Path, load: Callable[[], Settings], settings: Settings, book: RuleBook
    ) -> None:
        self._path = path
        self._load = load
        self._settings = settings
        self._book = book
        self._asked = asyncio.Event()

    def ask(self) -> None:
        """Read the file now, whether it has changed or not (SIGHUP)."""
        self._asked.set()

    async def run(self) -> None:
        """Look at the file now and then."""
        seen = await asyncio.to_thread(self._mark)
        while True:
            try:
                async with asyncio.timeout(LOOK):
                    await self._asked.wait()
            except TimeoutError:
                pass
            mark = await asyncio.to_thread(self._mark)
            if self._asked.is_set() or mark != seen:
                self._asked.clear()
                seen = mark
                await self.read()

    async def read(self) -> None:
        """Take over the rules of the file, or say what keeps them out."""
        try:
            settings = await asyncio.to_thread(self._load)
            await self._book.reload(settings.rules)
        except ConfigError as error:
            for problem in error.problems:
                log.error("config_mistake", path=problem.path, message=problem.message)
            self._book.problem = (
                f"{self._path.name} has {len(error.problems)} mistakes, so the rules that were in "
                f"force stay; the first: {error.problems[0]}"
            )
        except StoreError as error:
            log.error("rules_not_reloaded", error=str(error))
            self._asked.set()  # again
            await asyncio.sleep(LOOK)
        else:
            log.info("rules_reloaded", rules=len(settings.rules))
            self._note_the_rest(settings)

    def _note_the_rest(self, settings: Settings) -> None:
        waits = [
            name
            for name in type(settings).model_fields
            if name != "rules" and getattr(settings, name) != getattr(self._settings, name)
        ]
        if waits:
            log.warning("config_needs_restart", changed=waits)

    def _mark(self) -> tuple[int, int, int] | None:
        """What changes when the file does."""
        try:
            status = self._path.stat()
        except OSError:  # being replaced, or gone: what was read stays in force
            return None
        return status.st_mtime_ns, status.st_size, status.st_ino
