"""Leases on PostgreSQL: of several processes one has a right, as long as it lives.

A lease is a row: who holds it, in which epoch, until when on the database's clock. The holder
renews it every second; when it does not, the next one that asks has it, in the next epoch. What
only the holder may write checks the lease in its own transaction (`check`), so that a process
that was paused, or cut off, writes nothing after it has lost its right: its transaction rolls
back. The check locks the row until that transaction ends, and a take-over waits for it: what the
new holder reads is whole.

A transaction that stands still for longer than a lease lives is ended by the database
(`idle_in_transaction_session_timeout`, core/store/database.py), so a paused holder does not keep
the row locked either.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import structlog
from sqlalchemy import Connection, Engine, TextClause, text
from sqlalchemy.exc import SQLAlchemyError

from core.errors import LeaseLost

log = structlog.get_logger(__name__)
LIFE = 4.0  # seconds without a renewal
RENEW = 1.0
RETRY = 0.5  # seconds, when the database does not answer

_CLAIM = text("""
INSERT INTO leases (name, holder, epoch, expires_at)
VALUES (:name, :holder, 1, clock_timestamp() + make_interval(secs => :life))
ON CONFLICT (name) DO UPDATE
SET holder = excluded.holder, epoch = leases.epoch + 1, expires_at = excluded.expires_at
WHERE leases.expires_at <= clock_timestamp()
RETURNING epoch
""")
_RENEW = text("""
UPDATE leases SET expires_at = clock_timestamp() + make_interval(secs => :life)
WHERE name = :name AND holder = :holder AND epoch = :epoch
""")
_RELEASE = text("""
UPDATE leases SET expires_at = clock_timestamp()
WHERE name = :name AND holder = :holder AND epoch = :epoch
""")
_STAND = text("""
SELECT holder, epoch, extract(epoch FROM expires_at - clock_timestamp())::float8 AS left
FROM leases WHERE name = :name
""")
_CHECK = text("""
SELECT 1 FROM leases
WHERE name = :name AND holder = :holder AND epoch = :epoch AND expires_at > clock_timestamp()
FOR SHARE
""")
_LOOK = text(_CHECK.text.replace("FOR SHARE", ""))


class Stand(msgspec.Struct, frozen=True):
    """Who holds a lease, in which epoch, and for how many seconds more (negative: run out)."""

    holder: str
    epoch: int
    left: float


class Lease:
    """One process's wish for one lease. `start()`, and `stop()` to let it go.

    on_gain is awaited each time when it is had, on_loss when it is lost, one after the other.
    epoch: 0 while another holds it.
    """

    def __init__(
        self,
        engine: Engine,
        name: str,
        holder: str,
        on_gain: Callable[[], Awaitable[None]],
        on_loss: Callable[[], Awaitable[None]],
    ) -> None:
        self.name = name
        self.holder = holder
        self.epoch = 0
        self.stand: Stand | None = None
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._on_gain = on_gain
        self._on_loss = on_loss
        self._until = 0.0  # of the monotonic clock
        self._asked = asyncio.Event()
        self._stopping = asyncio.Event()
        self._running: asyncio.Task[None] | None = None
        self._acting: asyncio.Task[None] | None = None
        # Of its own: a renewal must not queue behind other work, and one that hangs not be alone.
        self._threads = ThreadPoolExecutor(2, thread_name_prefix=f"lease-{name}")

    @property
    def held(self) -> bool:
        """Whether this process has it, as far as it knows; `check` asks the database."""
        return self.epoch > 0

    def check(self, connection: Connection, *, keep: bool = True) -> None:
        """Raise LeaseLost unless this process has the lease.

        keep: until the transaction ends, for the check that comes last before the commit.
        """
        values = {"name": self.name, "holder": self.holder, "epoch": self.epoch}
        query = _CHECK if keep else _LOOK
        if self.epoch == 0 or connection.execute(query, values).first() is None:
            raise LeaseLost(f"{self.holder} does not hold the lease {self.name!r} any more")

    async def start(self) -> None:
        """Ask for it from now on; returns when it was asked for once, and what a gain brings
        has begun."""
        self._running = asyncio.create_task(self._run(), name=f"lease:{self.name}")
        await self._asked.wait()
        if self._acting is not None:
            await asyncio.wait({self._acting})

    async def stop(self) -> None:
        """Lose it, if it is had, and let the next one have it at once."""
        if self._running is None:
            return
        self._stopping.set()
        await self._running
        epoch = self.epoch
        await self._lose()
        if epoch:
            with contextlib.suppress(SQLAlchemyError, TimeoutError):  # it runs out by itself
                await self._do(_RELEASE, holder=self.holder, epoch=epoch)
        self._threads.shutdown(wait=False)

    async def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                wait = await (self._renew() if self.held else self._claim())
            except (SQLAlchemyError, TimeoutError) as error:
                log.warning("lease_not_reached", lease=self.name, error=_cause(error))
                wait = RETRY
            self._asked.set()
            if self.held and time.monotonic() >= self._until:
                log.warning("lease_ran_out", lease=self.name, epoch=self.epoch)
                await self._lose()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._stopping.wait()

    async def _claim(self) -> float:
        """Take it when it is free. Returns the seconds until it is worth asking again."""
        began = time.monotonic()
        row = await self._do(_CLAIM, holder=self.holder, life=LIFE)
        if row is None:
            stand = await self._do(_STAND)
            self.stand = None if stand is None else Stand(stand.holder, stand.epoch, stand.left)
            left = 0.0 if stand is None else float(stand.left)
            return min(max(left, 0.02), RENEW)
        self.epoch, self._until = int(row.epoch), began + LIFE
        self.stand = Stand(self.holder, self.epoch, LIFE)
        log.info("lease_gained", lease=self.name, epoch=self.epoch)
        self._acting = asyncio.create_task(self._act(), name=f"holder:{self.name}")
        return RENEW

    async def _act(self) -> None:
        """What the gain brings may take long; the lease is renewed meanwhile."""
        try:
            await self._on_gain()
        except Exception:
            log.exception("lease_not_used", lease=self.name, epoch=self.epoch)

    async def _renew(self) -> float:
        began = time.monotonic()
        if await self._do(_RENEW, holder=self.holder, epoch=self.epoch, life=LIFE):
            self._until = began + LIFE
            return RENEW
        log.warning("lease_taken_over", lease=self.name, epoch=self.epoch)
        await self._lose()
        return 0.0

    async def _lose(self) -> None:
        if not self.held:
            return
        self.epoch = 0
        if self._acting is not None:
            await asyncio.gather(self._acting, return_exceptions=True)
            self._acting = None
        await self._on_loss()

    async def _do(self, statement: TextClause, **values: Any) -> Any:
        """The first row of a query, or whether an update changed a row. TimeoutError when the
        database is silent for longer than is left to live."""

        def work() -> Any:
            with self._engine.connect() as connection:
                result = connection.execute(statement, {"name": self.name, **values})
                return result.first() if result.returns_rows else result.rowcount > 0

        async with asyncio.timeout(LIFE / 2):
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)


def _cause(error: Exception) -> str:
    return str(getattr(error, "orig", None) or error) or "no answer"
