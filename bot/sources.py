"""The configured sources that tocsin reads by itself: logs, watched directories, the demo."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from bot.demo import DemoShop
from bot.http.parts import PartStatus
from core.config.rules import Rule
from core.config.settings import FileSource, Settings
from core.intake.tail import Tail
from core.intake.watch import Watch
from core.model.event import Event
from core.store.journal import Journal


class Sources:
    """Start them last: what they read must find someone to decide on it."""

    def __init__(
        self,
        settings: Settings,
        rules: Sequence[Rule],
        journal: Journal,
        offer: Callable[[FileSource, Path], Awaitable[object]],
        report: Callable[[Event], Awaitable[None]],
    ) -> None:
        node = settings.node if settings.database.url else ""
        self._parts: list[Tail | Watch] = [
            *(Tail(log, rules, journal, node=node) for log in settings.logs),
            *(
                Watch(source, offer, report, language=settings.language)
                for source in settings.files
            ),
        ]
        self._demo: asyncio.Task[None] | None = None
        self._settings = settings

    async def start(self) -> None:
        """Begin to read."""
        demo = self._settings.demo
        if demo.log:
            files = Path(demo.files) if demo.files else None
            shop = DemoShop(Path(demo.log), files, self._settings.tz)
            shop.prepare()
            self._demo = asyncio.create_task(shop.run(), name="demo")
        for part in self._parts:
            await part.start()

    async def set_rules(self, rules: Sequence[Rule]) -> None:
        """Log lines are looked at by these rules from now on."""
        for part in self._parts:
            if isinstance(part, Tail):
                await part.set_rules(rules)

    def statuses(self) -> list[PartStatus]:
        """How each source is doing. One that cannot be read does not make tocsin unready."""
        return [PartStatus(part.name, True, part.problem) for part in self._parts]

    async def stop(self) -> None:
        """Read no more; how far each has read is saved."""
        if self._demo is not None:
            self._demo.cancel()
        for part in self._parts:
            await part.stop()
