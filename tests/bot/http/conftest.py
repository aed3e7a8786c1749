"""A house behind its API."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from core.store import Database, Journal
from tests.bot.http.house import House, make_settings

Open = Callable[..., AbstractAsyncContextManager[House]]


@pytest.fixture
def opened(tmp_path: Path, db: Database, journal: Journal, journal_db: Database) -> Open:
    """`async with opened(limits={...}) as house:` with settings of its own."""

    @asynccontextmanager
    async def make(**changes: Any) -> AsyncIterator[House]:
        settings = make_settings(tmp_path, **changes)
        house = House(settings, tmp_path, db, journal, journal_db)
        await house.start()
        try:
            yield house
        finally:
            await house.stop()

    return make


@pytest.fixture
async def house(opened: Open) -> AsyncIterator[House]:
    """A house with the usual settings."""
    async with opened() as one:
        yield one
