"""The task engine on procrastinate: its workers call for what waits in a lane of the task table.

A task is a row of the same table as with the embedded engine, so that a lane is one at a time
over all processes, an end is written with what it leaves behind, and a retry does not hold up
those behind it. Its turn is announced by a procrastinate job, deferred in the same transaction:
a worker of the job's queue takes the lane's next tasks and runs them. Jobs are given again for
what was left by a worker that died.

Source: procrastinate 3, "Defer jobs inside a transaction" (an external connection).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from datetime import timedelta

import procrastinate
import structlog
from procrastinate import exceptions, jobs
from sqlalchemy import Connection, and_, or_, select, text

from core.clock import Clock, utc_now
from core.errors import StoreError
from core.store.database import Database
from core.store.locks import Order, in_order
from core.store.schema import tasks
from core.task import NODE
from scheduler.tasks import EmbeddedQueue, Turn

log = structlog.get_logger(__name__)
JOB = "tocsin.lane"
AT_ONCE = 32  # lanes that one process serves
POLL = 1.0  # seconds; also how late a task that was put off may be
SWEEP = 2.0
LEFT = timedelta(seconds=3)  # what is due for so long, and has no job, was left
SILENT = 30.0  # seconds without a heartbeat, then a worker is dead
GRACE = 1.0

_WAITING_JOBS = text(
    "SELECT args->>'lane' AS lane FROM procrastinate_jobs WHERE status = 'todo'"
    " AND (scheduled_at IS NULL OR scheduled_at <= now())"
)


def prepare(db: Database) -> None:
    """Bring procrastinate's own tables, when they are missing."""
    with db.engine.connect() as connection:
        in_order(connection, Order.MIGRATE)
        if connection.execute(text("SELECT to_regclass('procrastinate_jobs')")).scalar() is None:
            schema = procrastinate.schema.SchemaManager.get_schema()
            driver = connection.connection.driver_connection
            assert driver is not None
            driver.execute(schema)
        connection.commit()


class ProcrastinateQueue(EmbeddedQueue):
    """Hands tasks over to procrastinate, and works for it. PostgreSQL only."""

    def __init__(
        self,
        db: Database,
        clock: Clock = utc_now,
        *,
        node: str = "",
        only: frozenset[str] | None = None,
    ) -> None:
        """See EmbeddedQueue."""
        super().__init__(db, clock, node=node, only=only)
        logging.getLogger("procrastinate").setLevel(logging.WARNING)
        address = db.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        connector = procrastinate.PsycopgConnector(
            conninfo=address,
            kwargs={"application_name": "tocsin tasks"},
            min_size=1,
            max_size=4,
        )
        self._app = procrastinate.App(connector=connector)
        # What defers is handed the connection of its caller's transaction, and opens none.
        handing = procrastinate.SyncPsycopgConnector(conninfo=address)
        self._jobs = procrastinate.App(connector=handing).job_manager
        self._app.task(name=JOB, queue=JOB)(self._serve)
        prepare(db)

    def _announce(self, tx: Connection, turns: Sequence[Turn]) -> None:
        works = [
            jobs.Job(
                queue=_queue_of(turn.queue),
                priority=-turn.priority,  # there the higher comes first
                lock=None,
                queueing_lock=None,
                task_name=JOB,
                task_kwargs={"lane": turn.queue},
                scheduled_at=turn.run_at if turn.run_at > self._clock() else None,
            )
            for turn in turns
        ]
        driver = tx.connection.driver_connection
        try:
            self._jobs.batch_defer_jobs(works, connection=driver)
        except exceptions.ConnectorException as error:
            raise StoreError(f"procrastinate did not take a task: {error}") from error

    async def _work(self) -> None:
        """Work for procrastinate until told to stop; a connection that is lost is made again."""
        async with contextlib.AsyncExitStack() as stack:
            while not self._stopping:
                try:
                    await stack.enter_async_context(self._app.open_async())
                    break
                except (exceptions.ConnectorException, OSError) as error:
                    log.error("procrastinate_not_reached", error=str(error))
                    await self._pause(POLL)
            sweeping = asyncio.create_task(self._sweep(), name="task-sweep")
            while not self._stopping:
                try:
                    await self._run_worker()
                except exceptions.ConnectorException as error:
                    log.error("procrastinate_worker_failed", error=str(error))
                    await self._pause(POLL)
            sweeping.cancel()
            await asyncio.gather(sweeping, return_exceptions=True)

    async def _run_worker(self) -> None:
        kinds = [kind for kind in self._kinds if self._only is None or kind in self._only]
        worker = asyncio.create_task(
            self._app.run_worker_async(
                queues=[*kinds, *(f"{kind}{NODE}{self._node}" for kind in kinds)],
                concurrency=AT_ONCE,
                fetch_job_polling_interval=POLL,
                shutdown_graceful_timeout=GRACE,
                install_signal_handlers=False,
                delete_jobs="always",
            ),
            name="procrastinate",
        )
        stopping = asyncio.create_task(self._stopped())
        try:
            await asyncio.wait({worker, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
            worker.cancel()
            ended = await asyncio.gather(worker, return_exceptions=True)
        if isinstance(ended[0], Exception):
            raise ended[0]

    async def _stopped(self) -> None:
        while not self._stopping:
            await self._wake.wait()
            self._wake.clear()

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopped()

    async def _serve(self, lane: str) -> None:
        """The job: run what is due in a lane, until nothing is. Where the lane is taken its
        tasks are run by who has it."""
        try:
            while claimed := await self._db.write(lambda tx: self._claim(tx, lane)):
                await asyncio.wait([self._launch(task) for task in claimed])
        except StoreError as error:
            log.error("task_claim_failed", error=str(error))  # the sweep finds them

    async def _sweep(self) -> None:
        """Give jobs again for what a dead process had taken, or had not announced."""
        while True:
            await asyncio.sleep(SWEEP)
            try:
                await self._db.write(self._announce_left)
                for job in await self._app.job_manager.get_stalled_jobs(
                    seconds_since_heartbeat=SILENT
                ):
                    await self._app.job_manager.finish_job(
                        job, status=jobs.Status.FAILED, delete_job=True
                    )
            except (StoreError, exceptions.ConnectorException) as error:
                log.error("task_sweep_failed", error=str(error))

    def _announce_left(self, tx: Connection) -> None:
        in_order(tx, Order.CLAIM)
        now = self._clock()
        due = or_(
            and_(tasks.c.state == "pending", tasks.c.run_at <= now - LEFT),
            and_(tasks.c.state == "running", tasks.c.leased_until < now),
        )
        announced = set(tx.execute(_WAITING_JOBS).scalars())
        query = select(tasks.c.id, tasks.c.queue, tasks.c.priority).where(due, self._runs_here())
        left = {row.queue: row for row in tx.execute(query.limit(500))}
        self._announce(
            tx,
            [
                Turn(row.id, row.queue, row.priority, now)
                for queue, row in left.items()
                if queue not in announced and self._busy.get(queue, 0) == 0
            ],
        )


def _queue_of(lane: str) -> str:
    """procrastinate's queue: the kind, and the machine where it must be a certain one."""
    kind = lane.partition(":")[0].partition(NODE)[0]
    node = lane.partition(NODE)[2]
    return f"{kind}{NODE}{node}" if node else kind
