"""The bundled demo: a little shop that writes a real log, gets into trouble, and recovers.

Its lines are what services really write; nothing in tocsin knows that it is a demo.
"""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import structlog

log = structlog.get_logger(__name__)


class Trouble(msgspec.Struct, frozen=True):
    """A trouble: what the log says while it lasts, and when it is over."""

    during: tuple[str, ...]
    after: str


TROUBLES = (
    Trouble(
        during=(
            "WARN  [storage] disk usage 91% on /data",
            "ERROR [storage] disk usage 97% on /data: No space left on device",
            "ERROR [order] cannot write order {order}: java.io.IOException: "
            "No space left on device",
        ),
        after="INFO  [storage] disk usage 41% on /data, recovered after cleaning old logs",
    ),
    Trouble(
        during=(
            "WARN  [db] HikariPool-1 - Pool stats (total=20, active=20, idle=0, waiting=37)",
            "ERROR [db] HikariPool-1 - Connection is not available, request timed out after "
            "30000ms",
            "ERROR [pay] payment {order} failed: java.sql.SQLTransientConnectionException",
        ),
        after="INFO  [db] HikariPool-1 - pool recovered (total=20, active=3, idle=17, waiting=0)",
    ),
    Trouble(
        during=(
            "WARN  [jvm] Full GC (Ergonomics) 3.9G->3.8G(4.0G), 4.1 secs",
            "ERROR [search] java.lang.OutOfMemoryError: Java heap space",
        ),
        after="INFO  [jvm] heap usage 38% after restart, recovered",
    ),
)
_NORMAL = (
    "INFO  [order] order {order} created, amount {amount}",
    "INFO  [pay] payment {order} accepted in {ms} ms",
    "INFO  [http] GET /cart 200 {ms}ms",
    "DEBUG [cache] hit ratio 0.{ms}",
)


class DemoShop:
    """Writes `log_path` until it is canceled; now and then a report into `files_dir`."""

    def __init__(
        self,
        log_path: Path,
        files_dir: Path | None,
        zone: ZoneInfo,
        *,
        calm: float = 8.0,
        trouble: float = 75.0,
        pause: float = 240.0,
        pace: float = 1.0,
    ) -> None:
        """Seconds: calm before the first trouble, how long each lasts, the pause between them,
        and between two lines."""
        self._log_path = log_path
        self._files_dir = files_dir
        self._zone = zone
        self._calm = calm
        self._trouble = trouble
        self._pause = pause
        self._pace = pace
        self._random = random.Random(7)
        self._recoveries = frozenset(trouble.after for trouble in TROUBLES)

    def prepare(self) -> None:
        """Make the places it writes to, with a first report."""
        self._log_path.parent.mkdir(parents=True, exist_ok=True)
        if self._files_dir is not None:
            self._files_dir.mkdir(parents=True, exist_ok=True)
            self._report(self._files_dir)

    async def run(self) -> None:
        """Open for business."""
        log.info("demo_started", log=str(self._log_path))
        async for line in self._story():
            self._write(line)
            if self._files_dir is not None and line in self._recoveries:
                self._report(self._files_dir)

    async def _story(self) -> AsyncIterator[str]:
        async for line in self._for(self._calm, itertools.cycle(_NORMAL)):
            yield line
        for trouble in itertools.cycle(TROUBLES):
            async for line in self._for(self._trouble, itertools.cycle(trouble.during)):
                yield line
            yield trouble.after
            async for line in self._for(self._pause, itertools.cycle(_NORMAL)):
                yield line

    async def _for(self, seconds: float, lines: Iterator[str]) -> AsyncIterator[str]:
        clock = asyncio.get_running_loop().time
        end = clock() + seconds
        while clock() < end:
            yield next(lines)
            await asyncio.sleep(self._pace)

    def _write(self, line: str) -> None:
        text = line.format(
            order=self._random.randrange(10**6, 10**7),
            amount=f"{self._random.uniform(5, 500):.2f}",
            ms=self._random.randrange(5, 95),
        )
        stamp = datetime.now(self._zone).isoformat(sep=" ", timespec="milliseconds")[:23]
        with self._log_path.open("a", encoding="utf-8") as file:
            file.write(f"{stamp} {text}\n")

    def _report(self, directory: Path) -> None:
        name = datetime.now(self._zone).strftime("orders-%Y%m%d-%H%M%S.csv")
        rows = "".join(f"{i},{self._random.randrange(1000)}\n" for i in range(100))
        (directory / name).write_text(f"hour,orders\n{rows}", encoding="utf-8")
