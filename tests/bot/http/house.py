"""A tocsin behind its API: real store, loop, tasks, uploads, knowledge and outbox on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
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
from bot.render.notification import render
from core.config.load import parse_settings
from core.config.settings import Settings
from core.decide.policy import make_policy
from core.loop import Loop
from core.model.event import Event
from core.oncall.roster import Roster
from core.rule import Evaluator
from core.rulebook import RuleBook
from core.store import Database, Journal
from core.upload import Uploads
from knowledge.analysis.analyst import Analyst
from knowledge.ask import Ask
from knowledge.base import KnowledgeBase
from scheduler.tasks import EmbeddedQueue

ROLES = ("ingest", "viewer", "responder", "editor", "admin")
PATIENCE = 10.0


def make_settings(folder: Path, **changes: Any) -> Settings:
    """One of everything that the API is about; the token of each role is `<role>-token`."""
    for name in ("watched", "logs", "outside", "objects"):
        (folder / name).mkdir(exist_ok=True)
    raw: dict[str, Any] = {
        "language": "en",
        "data_dir": str(folder / "data"),
        "auth": {"admin_token": "admin-token"},
        "people": [
            {"name": role, "role": role, "tokens": [f"{role}-token"]} for role in ROLES[:-1]
        ],
        "hooks": [
            {"name": "main", "source": "alertmanager", "auth": {"bearer": "hook-token"}},
            {
                "name": "basic",
                "source": "alertmanager",
                "auth": {"basic": {"user": "am", "password": "hook-password"}},
            },
            {"name": "query", "source": "alertmanager", "auth": {"query_token": "hook-query"}},
            {"name": "open", "source": "alertmanager", "auth": {"none": {}}},
        ],
        "logs": [{"name": "shop", "paths": [str(folder / "logs" / "*.log")]}],
        "files": [
            {"name": "reports", "watch_dir": [str(folder / "watched")], "target": "disk"},
        ],
        "targets": [{"name": "disk", "type": "local", "path": str(folder / "objects")}],
        "channels": [{"name": "room", "type": "web"}],
        "receivers": [{"name": "all", "channels": ["room"]}],
        "route": {"receiver": "all", "group_by": ["alertname"], "group_wait": "0s"},
        "knowledge": {"starter": False},
        "limits": {"max_body": "64KiB"},
        **changes,
    }
    return parse_settings(raw, {})


class House:
    """One service. `client` has no credentials; every call names the role it is made as."""

    def __init__(
        self, settings: Settings, folder: Path, db: Database, journal: Journal, journal_db: Database
    ) -> None:
        self.settings, self.folder, self.db, self.journal = settings, folder, db, journal
        queue = EmbeddedQueue(db)
        evaluate = Evaluator(settings.rules)
        self.loop = Loop(make_policy(settings), db, journal, queue, evaluate)
        self.rules = RuleBook(db, settings)
        self.rules.on_change = self.loop.set_rules
        web_log = RoomLog(db)
        show = partial(
            render, language=settings.language, base_url=settings.base_url, tz=settings.tz
        )
        rooms = {c.name: WebRoom(c, web_log, show) for c in settings.channels}
        roster = Roster(settings, db)
        outbox = Outbox(db, queue, rooms, {}, _at_once, settings.language, call=roster.called)
        uploads = Uploads(settings, db, queue, self._report)
        for kind in (outbox.task_kind(), *uploads.task_kinds()):
            queue.register(kind)
        self.queue = queue
        self.statuses = [PartStatus("decide", True)]
        self.auth = Auth(settings, db)
        self.kb = KnowledgeBase(settings, db, settings.data_path)
        ask, audit = Ask(settings, self.kb.search, db, None), Audit(db)
        commands = CommandParts(
            settings=settings,
            db=db,
            loop=self.loop,
            kb=self.kb,
            ask=ask,
            uploads=uploads,
            queue=queue,
            outbox=outbox,
            roster=roster,
            ready=self._ready,
        )
        self.parts = HttpParts(
            settings=settings,
            db=db,
            journal=journal,
            journal_db=journal_db,
            loop=self.loop,
            evaluate=lambda event: self.loop.evaluate(event),
            rules=self.rules,
            dry_runs=DryRuns(settings, journal),
            kb=self.kb,
            ask=ask,
            analyst=Analyst(settings, db, None),
            uploads=uploads,
            outbox=outbox,
            roster=roster,
            dispatcher=Dispatcher(commands, audit),
            web_log=web_log,
            audit=audit,
            auth=self.auth,
            ready=self._ready,
        )
        self.app = make_app(self.parts, (add_routes,))
        self.client: aiohttp.ClientSession
        self.port = 0

    async def start(self) -> None:
        """Serve on a free port of loopback."""
        self._runner = web.AppRunner(self.app, access_log=None, shutdown_timeout=1.0)
        await self.auth.load()
        await self.rules.load()
        await self.loop.start()
        await self.queue.start()
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.port = self._runner.addresses[0][1]
        jar = aiohttp.CookieJar(unsafe=True)  # cookies of an IP address
        self.client = aiohttp.ClientSession(f"http://127.0.0.1:{self.port}", cookie_jar=jar)

    async def stop(self) -> None:
        """Stop what was started."""
        await self.client.close()
        await self._runner.cleanup()
        await self.loop.stop()
        await self.queue.stop(2)

    async def call(
        self, method: str, path: str, role: str = "admin", **request: Any
    ) -> tuple[int, Any]:
        """Status and JSON body (text where it is none) of one call made as `role`."""
        headers = {**bearer(role), **request.pop("headers", {})}
        async with self.client.request(method, path, headers=headers, **request) as answer:
            text = await answer.text()
            is_json = "json" in answer.content_type and text
            return answer.status, await answer.json(content_type=None) if is_json else text

    async def get(self, path: str, role: str = "admin") -> Any:
        """The JSON of a call that must succeed."""
        status, body = await self.call("GET", path, role)
        assert status == 200, (status, body)
        return body

    async def post(self, path: str, body: Any = None, role: str = "admin") -> Any:
        """The JSON of a call that must succeed."""
        status, answer = await self.call("POST", path, role, json=body)
        assert status < 300, (status, answer)
        return answer

    async def fire(self, name: str, **labels: str) -> dict[str, Any]:
        """Raise an alert through the API, and wait until it is decided; the event."""
        event = {"labels": {"alertname": name, **labels}, "severity": "critical"}
        accepted = await self.post("/api/v1/events", event)
        await self.loop.settled()
        found: dict[str, Any] = await self.get(f"/api/v1/events/{accepted['ids'][0]}")
        return found

    async def audited(self) -> list[dict[str, Any]]:
        """What the audit log says, newest first."""
        items: list[dict[str, Any]] = (await self.get("/api/v1/audit"))["items"]
        return items

    async def _report(self, event: Event) -> None:
        await self.journal.append(event.source, [event])

    async def _ready(self) -> list[PartStatus]:
        return self.statuses


def bearer(role: str) -> dict[str, str]:
    """The header of a role's token; none for an empty role."""
    return {"Authorization": f"Bearer {role}-token"} if role else {}


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait for a condition; fail when it does not come."""
    async with asyncio.timeout(PATIENCE):
        while not await condition():
            await asyncio.sleep(0.01)


async def _at_once(_number: int, _seconds: float) -> None:
    return
