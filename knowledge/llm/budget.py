"""The day's token budget, kept in the store so that a restart does not forget it."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from sqlalchemy import Connection, insert, select, update

from core.clock import Clock
from core.store import schema
from core.store.database import Database


class Budget:
    """Tokens used today (the operator's day) against a limit; limit 0 means none."""

    def __init__(self, db: Database, limit: int, zone: ZoneInfo, clock: Clock) -> None:
        self._db = db
        self._limit = limit
        self._zone = zone
        self._clock = clock
        self._promised = 0

    def _today(self) -> str:
        return self._clock().astimezone(self._zone).date().isoformat()

    async def used(self) -> int:
        """Tokens used today."""
        query = select(schema.ai_usage.c.tokens).where(schema.ai_usage.c.day == self._today())
        return int(await self._db.read(lambda c: c.execute(query).scalar()) or 0)

    async def promise(self, tokens: int) -> bool:
        """Set `tokens` aside for a call; False when they would pass the limit."""
        if self._limit and await self.used() + self._promised + tokens > self._limit:
            return False
        self._promised += tokens
        return True

    async def settle(self, promised: int, tokens: int) -> None:
        """Give `promised` back and write down the `tokens` that were really used."""
        self._promised -= promised
        if not tokens:
            return
        day, usage = self._today(), schema.ai_usage

        def add(connection: Connection) -> None:
            grown = update(usage).where(usage.c.day == day).values(tokens=usage.c.tokens + tokens)
            if connection.execute(grown).rowcount == 0:
                connection.execute(insert(usage).values(day=day, tokens=tokens, cost=0.0))

        await self._db.write(add)
