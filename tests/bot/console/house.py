"""A small tocsin around the web room: real store, loop, outbox, commands and HTTP on loopback.

Parts that no test of the room touches are left out; touching one fails the test.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import aiohttp
from aiohttp import web

from bot.audit import Audit
from bot.chat.outbox import Outbox
from bot.chat.web.log import RoomLog
from bot.chat.web.room import WebRoom
from bot.command.dispatcher import Dispatcher
from bot.command.parts import CommandParts
from bot.console.routes import add_routes
from bot.dry_run import DryRuns
from bot.http.app import make_app
from bot.http.auth import Auth
from bot.http.parts import HttpParts, PartStatus
from bot.http.stream import Feed
from bot.render.notification import render
from core.clock import utc_now
from core.config.settings import Settings
from core.decide.policy import make_policy
from core.decide.state import Changes
from core.loop import Loop
from core.model.event import Event
from core.model.shape import incident_shape
from core.oncall.roster import Roster
from core.rule import Evaluator
from core.rulebook import RuleBook
from core.store import Database, Journal
from knowledge.article.articles import Articles
from scheduler.tasks import EmbeddedQueue

TOKENS = {"ann": "responder", "eve": "viewer", "ed": "editor", "probe": "ingest"}
ADMIN = "admin-token"
PATIENCE = 10.0


class LeftOut:
    """A part that this house does not have."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"the test touches a part that is left out: {name}")


class Knowledge(LeftOut):
    """A knowledge base of articles alone: nothing is searched for here."""

    def __init__(self, articles: Articles) -> None:
        self.articles = articles


def settings(**changes: Any) -> Settings:
    """A configuration with one room and a person for each role."""
    return Settings.model_validate(
        {
            "auth": {"admin_token": ADMIN},
            "channels": [{"name": "room", "type": "web"}, {"name": "other", "type": "web"}],
            "receivers": [{"name": "all", "channels": ["room"]}],
            "route": {"receiver": "all", "group_by": ["alertname"], "group_wait": "0s"},
            "people": [
                {"name": name, "role": role, "tokens": [f"{name}-token"]}
                for name, role in TOKENS.items()
            ],
            **changes,
        }
    )


class House:
    """One service. `client` is without credentials; `bearer(name)` gives a person's."""

    def __init__(self, config: Settings, db: Database, journal: Journal, journal_db: Database):
        self.settings, self.db, self.journal = config, db, journal
        queue = EmbeddedQueue(db)
        self.queue, self.feed = queue, Feed()
        evaluate = Evaluator(config.rules)
        self.loop = Loop(make_policy(config), db, journal, queue, evaluate)
        self.loop.on_commit = self._committed
        self.web_log = RoomLog(db)
        show = partial(render, language=config.language, base_url=config.base_url, tz=config.tz)
        rooms = {c.name: WebRoom(c, self.web_log, show) for c in config.channels}
        roster = Roster(config, db)
        outbox = Outbox(db, queue, rooms, {}, _at_once, config.language, call=roster.called)
        queue.register(outbox.task_kind())
        self.auth = Auth(config, db)
        self.articles = Articles(db, utc_now, config.language)
        kb, left_out, audit = Knowledge(self.articles), LeftOut(), Audit(db)
        commands = CommandParts(
            settings=config,
            db=db,
            loop=self.loop,
            kb=kb,
            ask=left_out,
            uploads=left_out,
            queue=queue,
            outbox=outbox,
            roster=roster,
            ready=_ready,
        )
        parts = HttpParts(
            settings=config,
            db=db,
            journal=journal,
            journal_db=journal_db,
            loop=self.loop,
            kb=kb,
            ask=left_out,
            analyst=left_out,
            evaluate=evaluate,
            rules=RuleBook(db, config),
            dry_runs=DryRuns(config, journal),
            uploads=left_out,
            outbox=outbox,
            roster=roster,
            dispatcher=Dispatcher(commands, audit),
            audit=audit,
            auth=self.auth,
            web_log=self.web_log,
            ready=_ready,
            feed=self.feed,
        )
        self._runner = web.AppRunner(make_app(parts, (add_routes,)), shutdown_timeout=1.0)
        self.client: aiohttp.ClientSession
        self.address = ""

    async def start(self) -> None:
        """Serve on a free port of loopback."""
        await self.auth.load()
        await self.loop.start()
        await self.queue.start()
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.address = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        jar = aiohttp.CookieJar(unsafe=True)  # cookies of an IP address
        self.client = aiohttp.ClientSession(self.address, cookie_jar=jar)

    async def stop(self) -> None:
        """Stop what was started."""
        await self.client.close()
        await self._runner.cleanup()
        await self.loop.stop()
        await self.queue.stop(2)

    def bearer(self, name: str = "ann") -> dict[str, str]:
        """The header that a program of this person sends."""
        return {"Authorization": f"Bearer {name}-token"}

    async def fire(self, name: str, severity: str = "critical", **labels: str) -> None:
        """Raise an alert, and wait until the room was told."""
        before = len(await self.web_log.after("room", 0))
        event = Event("api", utc_now(), {"alertname": name, **labels}, severity=severity)
        await self.journal.append("api", [event])
        await self.loop.settled()
        await until(lambda: self._longer(before))

    async def say(self, text: str, name: str = "ann", room: str = "room") -> dict[str, Any]:
        """Say something with a person's token; the reply."""
        answer = await self.client.post(
            f"/chat/web/{room}/messages", json={"text": text}, headers=self.bearer(name)
        )
        assert answer.status == 200, await answer.text()
        reply: dict[str, Any] = (await answer.json())["reply"]
        return reply

    async def lines(self, query: str = "", room: str = "room") -> list[dict[str, Any]]:
        """The lines of a room as its readers get them."""
        answer = await self.client.get(
            f"/chat/web/{room}/messages{query}", headers=self.bearer("eve")
        )
        assert answer.status == 200, await answer.text()
        items: list[dict[str, Any]] = (await answer.json())["items"]
        return items

    async def _longer(self, than: int) -> bool:
        return len(await self.web_log.after("room", 0)) > than

    def _committed(self, changes: Changes) -> None:
        for incident in changes.incidents.values():
            self.feed.publish("incident", incident_shape(incident))


@asynccontextmanager
async def opened(
    db: Database, journal: Journal, journal_db: Database, **changes: Any
) -> AsyncIterator[House]:
    """A house that runs as long as the block."""
    house = House(settings(**changes), db, journal, journal_db)
    await house.start()
    try:
        yield house
    finally:
        await house.stop()


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait for a condition; fail when it does not come."""
    async with asyncio.timeout(PATIENCE):
        while not await condition():
            await asyncio.sleep(0.01)


async def _at_once(_incident: int, _timeout: float) -> None:
    return


async def _ready() -> list[PartStatus]:
    return []
