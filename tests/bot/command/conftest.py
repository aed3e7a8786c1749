"""The room that commands are typed in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.store import Database, Journal
from tests.bot.command.room import Room, open_room


@pytest.fixture
async def room(db: Database, journal: Journal, tmp_path: Path) -> AsyncIterator[Room]:
    """An empty room; nothing has happened yet."""
    async with open_room(db, journal, tmp_path) as opened:
        yield opened
