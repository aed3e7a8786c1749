"""What every test may use: real databases, SQLite by default, PostgreSQL by make test-postgres."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from core.store import Database, Journal
from core.store.database import make_engine, sqlite_url
from core.store.migrations import upgrade
from core.store.schema import journal_metadata, metadata

POSTGRES = os.environ.get("TOCSIN_TEST_POSTGRES", "")


def _engine(tmp_path: Path, name: str) -> Engine:
    if not POSTGRES:
        return make_engine(sqlite_url(tmp_path / f"{name}.db"))
    engine = make_engine(POSTGRES)
    _empty(engine)
    return engine


def _empty(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where `tests.serving` runs a service: an empty directory, and an empty PostgreSQL."""
    if POSTGRES:
        engine = make_engine(POSTGRES)
        _empty(engine)
        engine.dispose()
    return tmp_path


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    """A migrated database of its own; on PostgreSQL the journal's tables are in it too."""
    engine = _engine(tmp_path, "tocsin")
    upgrade(engine, "main", metadata)
    if POSTGRES:
        upgrade(engine, "journal", journal_metadata)
    database = Database(engine)
    yield database
    database.close()


@pytest.fixture
def journal_db(db: Database, tmp_path: Path) -> Iterator[Database]:
    """Where the journal is: a file of its own on SQLite, the same database on PostgreSQL."""
    if POSTGRES:
        yield db
        return
    engine = _engine(tmp_path, "journal")
    upgrade(engine, "journal", journal_metadata)
    database = Database(engine)
    yield database
    database.close()


@pytest.fixture
def journal(journal_db: Database) -> Journal:
    """An empty journal."""
    return Journal(journal_db)
