"""Opening the store: the engines of the settings, brought to the newest tables."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self, TextIO

from alembic.util.exc import CommandError
from sqlalchemy import Engine, func, select
from sqlalchemy.exc import SQLAlchemyError

from core.config.settings import Settings
from core.errors import ConfigError, Problem, StoreError
from core.store.database import GROUP_LIMIT, Database, make_engine, sqlite_url
from core.store.locks import Order
from core.store.migrations import upgrade
from core.store.schema import journal_metadata, metadata


class DataDir:
    """The data directory, held by one process: on SQLite there is exactly one `serve`."""

    def __init__(self, path: Path, *, alone: bool) -> None:
        """alone: refuse when another process holds it. ConfigError says who."""
        self.path = path
        self._file: TextIO | None = None
        try:
            path.mkdir(parents=True, exist_ok=True, mode=0o700)
            if alone:
                self._hold(path / "tocsin.lock")
        except OSError as error:
            problem = Problem("data_dir", f"{path} cannot be used: {error.strerror}")
            raise ConfigError([problem]) from error

    def _hold(self, lock: Path) -> None:
        file = lock.open("a+", encoding="ascii")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            holder = file.read(20).strip() or "unknown"
            file.close()
            text = f"another tocsin serves {self.path} already (process {holder}); stop it first"
            raise ConfigError([Problem("data_dir", text)]) from error
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        self._file = file

    def release(self) -> None:
        """Let another process have it."""
        if self._file is not None:
            self._file.close()
            self._file = None


class Stores:
    """The main database and the journal's: two files on SQLite, one database on PostgreSQL."""

    def __init__(self, db: Database, journal_db: Database) -> None:
        self.db = db
        self.journal_db = journal_db

    @classmethod
    def open(cls, settings: Settings, name: str = "tocsin") -> Self:
        """Connect and migrate. StoreError when the database cannot be reached or is newer.

        name: what PostgreSQL knows this process by.
        """
        url = settings.database.url
        directory = Path(settings.data_dir)
        main = make_engine(url or sqlite_url(directory / "tocsin.db"), name)
        journal = main if url else make_engine(sqlite_url(directory / "journal.db"))
        try:
            with _one_at_a_time(main):
                upgrade(main, "main", metadata)
                upgrade(journal, "journal", journal_metadata)
        except SQLAlchemyError as error:
            cause = getattr(error, "orig", None) or error
            raise StoreError(f"the database cannot be opened: {cause}") from error
        except CommandError as error:
            text = f"the database was made by a newer tocsin; install that version again ({error})"
            raise StoreError(text) from error
        # Appends share transactions among themselves, and wait for nothing else that is written.
        return cls(Database(main), Database(journal, group=GROUP_LIMIT))

    def close(self) -> None:
        """Finish what waits to be written, and let go."""
        self.journal_db.close()
        self.db.close()


@contextmanager
def _one_at_a_time(engine: Engine) -> Iterator[None]:
    """Processes that start together bring the tables up one after the other."""
    if engine.dialect.name != "postgresql":
        yield
        return
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(select(func.pg_advisory_lock(int(Order.MIGRATE))))
        try:
            yield
        finally:
            connection.execute(select(func.pg_advisory_unlock(int(Order.MIGRATE))))
