"""One engine, one writer, a few readers.

SQLite has one writer by nature, so one thread does all the writing and takes what waits as one
transaction (group commit): each piece of work stands in its own savepoint, so that one failing
does not undo the others. PostgreSQL is used in the same way, a piece a transaction; its readers
are pooled.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import orjson
from sqlalchemy import (
    Connection,
    Engine,
    NestedTransaction,
    Transaction,
    create_engine,
    event,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert_postgresql
from sqlalchemy.dialects.sqlite import insert as upsert_sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from core.errors import StoreError
from core.store import schema

T = TypeVar("T")
Work = Callable[[Connection], T]
GROUP_LIMIT = 64
READERS = 4
STILL = 3000  # ms that a transaction on PostgreSQL may stand still: less than a lease lives


def sqlite_url(path: Path) -> str:
    """The address of a SQLite file."""
    return f"sqlite:///{path}"


def make_engine(url: str, name: str = "tocsin") -> Engine:
    """An engine for `sqlite:///…` or `postgresql://…` with the house's settings.

    name: what PostgreSQL shows of this process (pg_stat_activity); at most 63 bytes.
    """
    address = make_url(url)
    if address.get_backend_name() == "sqlite":
        engine = create_engine(
            address, connect_args={"timeout": 10, "check_same_thread": False}, pool_size=READERS + 1
        )
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    return create_engine(
        address.set(drivername="postgresql+psycopg"),
        pool_size=READERS + 1,
        pool_pre_ping=True,
        # What a JSON column holds may hold moments; SQLite's are written by orjson too.
        json_serializer=lambda value: orjson.dumps(value).decode(),
        json_deserializer=orjson.loads,
        connect_args={
            "application_name": name,
            # A database behind a firewall that drops packets must not hold a thread for ever,
            # nor may a process that is paused or cut off hold a lock that others wait for.
            "connect_timeout": 5,
            "keepalives_idle": 5,
            "keepalives_interval": 2,
            "keepalives_count": 3,
            "tcp_user_timeout": 10_000,
            "options": f"-c idle_in_transaction_session_timeout={STILL}",
        },
    )


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # transactions are ours: see _begin_sqlite
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "busy_timeout=10000",
        "foreign_keys=ON",
        "journal_size_limit=67108864",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


class Statement(msgspec.Struct, frozen=True):
    """A write of one SQL statement, in the driver's own parameter style, that returns nothing.

    Alone it needs no transaction around it: on SQLite a statement is one by itself.
    """

    sql: str
    values: tuple[Any, ...]

    def __call__(self, connection: Connection) -> None:
        """Run it in a transaction together with others."""
        connection.exec_driver_sql(self.sql, self.values)


class Database:
    """Runs reads and writes off the event loop. Create with an engine; `close()` when done."""

    def __init__(self, engine: Engine, *, group: int | None = None) -> None:
        """group: how many pieces of work one transaction takes at most. By default one on
        PostgreSQL, where other processes write too: pieces that were put together by chance
        take their locks in any order, and two such transactions may wait for each other."""
        self.engine = engine
        self._group = group or (1 if engine.dialect.name == "postgresql" else GROUP_LIMIT)
        # On PostgreSQL a read's statements each see the last commit, in a transaction or not.
        postgresql = engine.dialect.name == "postgresql"
        self._reading = (
            engine.execution_options(isolation_level="AUTOCOMMIT") if postgresql else engine
        )
        self._writes: queue.SimpleQueue[tuple[Work[Any], Future[Any]] | None] = queue.SimpleQueue()
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="db-read")
        self._writer = threading.Thread(target=self._write_forever, name="db-write", daemon=True)
        self._closed = False
        self._kept: Connection | None = None  # the writer thread's
        self._writer.start()

    @property
    def is_postgresql(self) -> bool:
        """Whether this is PostgreSQL rather than SQLite."""
        return self.engine.dialect.name == "postgresql"

    async def write(self, work: Work[T]) -> T:
        """Run `work` in a transaction that is committed when this returns.

        `work` runs in the writer thread together with what else waits; it must be short and
        touch nothing but the connection. Raises what `work` raises, or StoreError.
        """
        return await asyncio.wrap_future(self.submit(work))

    def submit(self, work: Work[T]) -> Future[T]:
        """`write` for callers in other threads: a future that is done after the commit."""
        self._check_open()
        future: Future[T] = Future()
        self._writes.put((work, future))
        return future

    async def read(self, work: Work[T]) -> T:
        """Run `work` on a reader's connection; it sees the last commit."""
        self._check_open()
        return await asyncio.get_running_loop().run_in_executor(self._readers, self.read_now, work)

    async def read_whole(self, work: Work[T]) -> T:
        """`read`, whose every statement sees the database as of one moment."""
        self._check_open()

        def now() -> T:
            engine = self.engine  # a transaction on SQLite is of one moment by itself
            if self.is_postgresql:
                engine = engine.execution_options(isolation_level="REPEATABLE READ")
            try:
                with engine.connect() as connection:
                    return work(connection)
            except DBAPIError as error:
                raise StoreError(f"the database cannot be read: {error.orig}") from error

        return await asyncio.get_running_loop().run_in_executor(self._readers, now)

    def read_now(self, work: Work[T]) -> T:
        """`read` in the calling thread (command line, tests)."""
        try:
            with self._reading.connect() as connection:
                return work(connection)
        except DBAPIError as error:
            raise StoreError(f"the database cannot be read: {error.orig}") from error

    def _check_open(self) -> None:
        if self._closed:
            raise StoreError("the database is closed; the service is stopping")

    def close(self) -> None:
        """Finish the writes that wait, then let go of all connections."""
        if self._closed:
            return
        self._closed = True
        self._writes.put(None)
        self._writer.join()
        self._readers.shutdown(wait=True)
        self.engine.dispose()

    def _write_forever(self) -> None:
        while (first := self._writes.get()) is not None:
            group = [first]
            stop = False
            while len(group) < self._group and not self._writes.empty():
                more = self._writes.get()
                if more is None:
                    stop = True
                    break
                group.append(more)
            self._commit(group)
            if stop:
                break
        self._let_go()

    def _write_connection(self) -> Connection:
        """The writer's connection. SQLite's is kept, since its file does not go away;
        PostgreSQL's comes from the pool each time, which sees whether it still lives.
        """
        if self._kept is None:
            self._kept = self.engine.connect().execution_options(writes=True)
        return self._kept

    def _let_go(self) -> None:
        kept, self._kept = self._kept, None
        if kept is not None:
            with contextlib.suppress(SQLAlchemyError):  # it is broken already
                kept.close()

    def _commit(self, group: list[tuple[Work[Any], Future[Any]]]) -> None:
        # Who was canceled while it waited is left out; from here on it cannot be canceled.
        group = [(w, future) for w, future in group if future.set_running_or_notify_cancel()]
        if not group:
            return
        work, future = group[0]
        if len(group) == 1 and isinstance(work, Statement) and not self.is_postgresql:
            self._execute(work, future)
            return
        done: list[tuple[Future[Any], Any, BaseException | None]] = []
        try:
            connection = self._write_connection()
            with connection.begin() as transaction:
                if len(group) == 1:
                    # Alone it needs no savepoint: the transaction is its own.
                    work, future = group[0]
                    done.append((future, *self._run(connection, work, transaction)))
                else:
                    for work, future in group:
                        savepoint = connection.begin_nested()
                        done.append((future, *self._run(connection, work, savepoint)))
            if self.is_postgresql:
                self._let_go()
        except (SQLAlchemyError, StoreError) as error:
            self._let_go()
            cause = getattr(error, "orig", None) or error
            for _work, future in group:
                future.set_exception(StoreError(f"the database did not commit: {cause}"))
            return
        for future, result, failure in done:
            if failure is not None:
                future.set_exception(failure)
            else:
                future.set_result(result)

    def _execute(self, statement: Statement, future: Future[Any]) -> None:
        """What every accepted event waits for: past the toolkit, in a third of its time."""
        try:
            driver = self._write_connection().connection.driver_connection
            driver.execute(statement.sql, statement.values)  # type: ignore[union-attr]
        except (SQLAlchemyError, sqlite3.Error) as error:
            self._let_go()
            future.set_exception(StoreError(f"the database did not commit: {error}"))
        else:
            future.set_result(None)

    @staticmethod
    def _run(
        connection: Connection, work: Work[Any], transaction: Transaction
    ) -> tuple[Any, BaseException | None]:
        try:
            result = work(connection)
        except DBAPIError as error:
            if error.connection_invalidated:
                raise
            transaction.rollback()
            return None, StoreError(f"the database refused: {error.orig}")
        except BaseException as error:  # noqa: BLE001 - handed to the caller who waits for it
            transaction.rollback()
            return None, error
        if isinstance(transaction, NestedTransaction):
            transaction.commit()
        return result, None


def next_number(connection: Connection, kind: str, count: int = 1) -> int:
    """Take `count` short ids of a kind; returns the first. Safe between processes."""
    counters = schema.counters
    row = connection.execute(
        update(counters)
        .where(counters.c.kind == kind)
        .values(value=counters.c.value + count)
        .returning(counters.c.value)
    ).first()
    if row is None:  # the first of its kind; of another process too, perhaps, at this moment
        upsert = upsert_postgresql if connection.dialect.name == "postgresql" else upsert_sqlite
        first = upsert(counters).values(kind=kind, value=count)
        more = first.on_conflict_do_update(
            index_elements=["kind"], set_={"value": counters.c.value + count}
        )
        row = connection.execute(more.returning(counters.c.value)).one()
    return int(row[0]) - count + 1


def last_number(connection: Connection, kind: str) -> int:
    """The last short id of a kind that was given; 0 when none was."""
    query = select(schema.counters.c.value).where(schema.counters.c.kind == kind)
    return int(connection.execute(query).scalar() or 0)
