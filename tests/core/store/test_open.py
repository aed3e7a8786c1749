"""Opening the store: locks, migrations that follow the schema, a database that is not there."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import MetaData, text

from core.config.load import parse_settings
from core.config.settings import Settings
from core.errors import ConfigError, StoreError
from core.store import Database
from core.store.open import DataDir, Stores
from core.store.schema import journal_metadata, metadata
from tests.conftest import POSTGRES


def settings(place: Path) -> Settings:
    return parse_settings({"data_dir": str(place / "data"), "database": {"url": POSTGRES}}, {})


def test_a_data_directory_has_one_owner(tmp_path: Path) -> None:
    first = DataDir(tmp_path / "data", alone=True)
    with pytest.raises(ConfigError, match=rf"process {os.getpid()}"):
        DataDir(tmp_path / "data", alone=True)
    DataDir(tmp_path / "data", alone=False)  # commands may come and go beside it
    first.release()
    DataDir(tmp_path / "data", alone=True).release()


def test_what_is_kept_is_for_its_owner_only(tmp_path: Path) -> None:
    DataDir(tmp_path / "data", alone=False)
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700


def test_a_data_directory_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"data_dir: .*cannot be used"):
        DataDir(tmp_path / "file" / "data", alone=True)


def test_opening_twice_changes_nothing(place: Path) -> None:
    DataDir(place / "data", alone=False)
    for _ in range(2):
        Stores.open(settings(place)).close()


@pytest.mark.parametrize(("which", "tables"), [("db", metadata), ("journal_db", journal_metadata)])
def test_the_migrations_make_the_tables_of_the_schema(
    which: str, tables: MetaData, request: pytest.FixtureRequest
) -> None:
    database: Database = request.getfixturevalue(which)
    with database.engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"include_object": lambda o, n, t, r, c: not (r and c is None)}
        )
        assert compare_metadata(context, tables) == []


def test_a_database_of_a_newer_version_is_refused(place: Path) -> None:
    DataDir(place / "data", alone=False)
    stores = Stores.open(settings(place))
    with stores.db.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_main SET version_num = 'from-the-future'"))
    stores.close()
    with pytest.raises(StoreError, match="newer"):
        Stores.open(settings(place))


def test_a_database_that_is_not_there(place: Path) -> None:
    url = "postgresql://tocsin:secret-word@127.0.0.1:1/none"
    away = parse_settings({"data_dir": str(place), "database": {"url": url}}, {})
    with pytest.raises(StoreError, match="cannot be") as wrong:
        Stores.open(away)
    assert "secret-word" not in str(wrong.value)
