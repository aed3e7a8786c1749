"""The composition root: the one place where parts are built, wired, started and stopped.

What takes input starts last and stops first, so that nothing is taken in that nobody handles.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine
from functools import partial
from typing import Any

import msgspec
import structlog
from aiohttp import web
from sqlalchemy import Connection

from bot.audit import Audit
from bot.chat.outbox import Outbox
from bot.chat.webhook.publish import Publisher
from bot.command.dispatcher import Dispatcher
from bot.command.parts import CommandParts
from bot.console.routes import add_routes
from bot.dry_run import DryRuns
from bot.enrich import Enrichment
from bot.http.app import make_app
from bot.http.auth import Auth
from bot.http.parts import HttpParts, PartStatus
from bot.http.routes.articles import article_view
from bot.http.routes.uploads import upload_view
from bot.http.stream import Feed
from bot.probes import ai_probe, outbox_probe, upload_probe
from bot.replica import Replica, process_name
from bot.rooms import Rooms
from bot.sources import Sources
from bot.watchdog import LoopWatchdog
from core.clock import iso, utc_now
from core.config.settings import Settings
from core.decide.policy import make_policy
from core.decide.state import Changes
from core.errors import ConfigError, Problem
from core.http import HttpClient
from core.loop import Loop
from core.model.event import Event
from core.model.notification import Notification
from core.model.shape import incident_shape
from core.model.upload import Upload
from core.oncall.roster import Roster
from core.rule import Evaluator
from core.rulebook import RuleBook, RuleSet
from core.store import Database, Journal, outbox, queries
from core.store.bell import Rings, ring
from core.store.open import DataDir, Stores
from core.store.queries import ArticleRow
from core.store.rows import to_row
from core.upload import Uploads
from knowledge.analysis.analyst import Analyst
from knowledge.ask import Ask
from knowledge.base import KnowledgeBase
from knowledge.llm import LlmClient
from scheduler.heartbeats import Heartbeats, HeartbeatState
from scheduler.jobs import Jobs
from scheduler.retention import prune
from scheduler.selfcheck import SelfCheck
from scheduler.tasks import EmbeddedQueue

log = structlog.get_logger(__name__)
DRAIN = 6.0  # seconds that running tasks get to finish when the service stops


class Service:
    """One tocsin. Build it in the event loop, then `start()`, and `stop()` once."""

    def __init__(self, settings: Settings, queues: frozenset[str] | None = None) -> None:
        """Open the store and build every part. ConfigError, StoreError.

        queues: the kinds of tasks that this process runs; None for all.
        """
        self.settings = settings
        self._data_dir = DataDir(settings.data_path, alone=not settings.database.url)
        name = process_name(settings.node)
        self._stores = stores = Stores.open(settings, f"tocsin {name}")
        db, policy = stores.db, make_policy(settings)
        self._http = HttpClient()
        self.journal = Journal(stores.journal_db)
        self._runs = queues
        self.queue = self._make_queue(db)
        self.loop = Loop(policy, db, self.journal, self.queue, Evaluator(settings.rules))
        self.rules = RuleBook(db, settings)
        self.rules.on_change = self._rules_changed
        self.feed = Feed()
        self.uploads = Uploads(settings, db, self.queue, self._report)
        self.publisher = Publisher(db, policy.subscribers, self.queue.defer_all)
        self.uploads.on_finished = self._upload_finished
        self._llm = LlmClient(settings, db) if settings.ai.enabled else None
        self.kb = KnowledgeBase(settings, db, settings.data_path)
        self.kb.articles.on_publish = self._article_published
        self.analyst = Analyst(settings, db, self._llm)
        self.ask = Ask(settings, self.kb.search, db, self._llm)
        self.roster = Roster(settings, db)
        self.rooms = Rooms(settings, db, self._http)
        self.enrichment = Enrichment(
            db,
            self.kb,
            self.analyst,
            model=self._llm is not None,
            can_reply=frozenset(self.rooms.channels) - {s.channel for s in policy.subscribers},
            notify=self._notify,
            changed=self._incident_changed,
        )
        self.outbox = Outbox(
            db,
            self.queue,
            self.rooms.channels,
            self.rooms.lanes,
            self.enrichment.story,
            settings.language,
            call=self.roster.called,
        )
        for kind in (
            self.outbox.task_kind(),
            *self.enrichment.task_kinds(),
            *self.uploads.task_kinds(),
        ):
            self.queue.register(kind)
        self.auth = Auth(settings, db)
        self._audit = Audit(db)
        self.dispatcher = Dispatcher(self._command_parts(), self._audit)
        self.outbox.on_told = self.dispatcher.told
        self.rooms.hear_with(self.dispatcher)
        self.sources = self._make_sources()
        self._jobs, self._own_jobs = Jobs(), Jobs()
        self.replica = self._make_replica(name) if db.is_postgresql else None
        self.heartbeats = Heartbeats(settings, db, self._report, decides=self._decides)
        self.journal.on_heard = self.heartbeats.heard
        self._watchdog: asyncio.Task[None] | None = None
        self._web: web.AppRunner | None = None
        self._showing: set[asyncio.Future[None]] = set()
        self.address = ""

    def _make_queue(self, db: Database) -> EmbeddedQueue:
        settings, engine = self.settings, EmbeddedQueue
        if settings.tasks.engine == "procrastinate":
            from scheduler.procrastinate_queue import ProcrastinateQueue

            engine = ProcrastinateQueue
        return engine(db, node=settings.node, only=self._runs)

    def _make_sources(self) -> Sources:
        return Sources(
            self.settings, self.rules.rules, self.journal, self.uploads.offer, self._report
        )

    def _make_replica(self, name: str) -> Replica:
        replica = Replica(
            self._stores.db,
            self.journal,
            self.loop,
            name=name,
            node=self.settings.node,
            decides=(self._start_jobs, self._stop_jobs),
            reads=(self._start_sources, self._stop_sources),
        )
        replica.bell.on(Rings.INCIDENTS, self._incidents_changed)
        replica.bell.on(Rings.TASKS, lambda _payload: self.queue.wake())
        replica.bell.on(Rings.TOLD, self._told)
        replica.bell.on(Rings.ROOM, lambda _payload: self._show(self.rooms.web_log.ring()))
        return replica

    def _command_parts(self) -> CommandParts:
        return CommandParts(
            settings=self.settings,
            db=self._stores.db,
            loop=self.loop,
            kb=self.kb,
            ask=self.ask,
            uploads=self.uploads,
            queue=self.queue,
            outbox=self.outbox,
            roster=self.roster,
            ready=self.ready,
        )

    def _http_parts(self) -> HttpParts:
        return HttpParts(
            settings=self.settings,
            db=self._stores.db,
            journal=self.journal,
            journal_db=self._stores.journal_db,
            loop=self.loop,
            evaluate=lambda event: self.loop.evaluate(event),
            rules=self.rules,
            dry_runs=DryRuns(self.settings, self.journal),
            kb=self.kb,
            ask=self.ask,
            analyst=self.analyst,
            uploads=self.uploads,
            outbox=self.outbox,
            roster=self.roster,
            dispatcher=self.dispatcher,
            audit=self._audit,
            auth=self.auth,
            web_log=self.rooms.web_log,
            ready=self.ready,
            feed=self.feed,
            http=self._http,
        )

    # Starting and stopping

    async def start(self) -> str | None:
        """Start every part. Returns the one-time sign-in token when this start made one."""
        token = await self.auth.load()
        await self.rules.load()
        if self.replica is None:
            self.loop.on_commit = self._committed
            await self.loop.start()
        else:
            await self.replica.start()
        if self.settings.tasks.in_serve:
            await self.queue.start(alone=self.replica is None)
        await self._read_calendars()
        await self.kb.start()
        await self.rooms.listen()
        await self.heartbeats.look()  # from here on they are listened to
        self._watchdog = asyncio.create_task(LoopWatchdog().run(), name="watchdog")
        self._own_jobs.every(60, "calendars", self._read_calendars)
        if self.replica is not None:
            self._own_jobs.every(1, "rules", self.rules.refresh)
        if self.settings.heartbeats:
            self._own_jobs.every(self.heartbeats.interval, "heartbeats", self.heartbeats.look)
        self._own_jobs.start()
        await self._serve()
        if self.replica is None:
            await self._start_jobs()
            await self.sources.start()
        else:
            await self.replica.read_sources()
        log.info("started", address=self.address)
        return token

    async def work(self) -> None:
        """Run tasks, and nothing else: what a worker does instead of `start()`."""
        assert self.replica is not None, "a worker needs PostgreSQL"
        await self.replica.bell.start()
        await self._read_calendars()  # whom an escalation calls
        self._own_jobs.every(60, "calendars", self._read_calendars)
        self._own_jobs.start()
        await self.queue.start()
        if self._runs is None or self._runs & {"enrich", "writeback"}:
            await self.kb.start()
        self._watchdog = asyncio.create_task(LoopWatchdog().run(), name="watchdog")
        log.info("working", queues=sorted(self._runs or ()))

    async def _serve(self) -> None:
        server = self.settings.server
        app = make_app(self._http_parts(), (add_routes, self.rooms.add_routes))
        self._web = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._web.setup()
        try:
            await web.TCPSite(self._web, server.host, server.port, backlog=1024).start()
        except OSError as error:
            text = f"cannot listen on {server.host}:{server.port}: {error.strerror}"
            raise ConfigError([Problem("server", text)]) from error
        port = self._web.addresses[0][1]
        host = f"[{server.host}]" if ":" in server.host else server.host
        self.address = f"http://{host}:{port}"

    async def _start_sources(self) -> None:
        self.sources = self._make_sources()
        await self.sources.start()

    async def _stop_sources(self) -> None:
        await self.sources.stop()

    async def _start_jobs(self) -> None:
        """What happens at intervals, on the process that decides."""
        self._jobs = Jobs()
        db, rules = self._stores.db, self.settings.self_
        check = SelfCheck(
            (
                upload_probe(rules, self.uploads),
                ai_probe(rules, self.analyst),
                outbox_probe(rules, db, self.rooms.channels),
            ),
            self._report,
            self.settings.language,
        )
        self._jobs.every(10, "selfcheck", check.look)
        self._jobs.every(3600, "retention", self._prune)
        self._jobs.start()

    async def _stop_jobs(self) -> None:
        self._jobs.stop()

    async def _prune(self) -> None:
        stores, keep = self._stores, self.settings.retention.alerts
        await prune(stores.db, stores.journal_db, self.journal, utc_now(), keep)

    async def _read_calendars(self) -> None:
        await self.roster.refresh(utc_now())

    async def stop(self) -> None:
        """Stop taking in, decide and send what can be within the drain time, let go."""
        if self.replica is not None:
            await self.replica.stop_sources()
        else:
            await self.sources.stop()
        if self._web is not None:
            self.feed.close()
            await self._web.cleanup()
        self._jobs.stop()
        self._own_jobs.stop()
        await self.rooms.stop()
        if self.replica is not None:
            await self.replica.stop()
        await self.loop.stop()
        await self.queue.stop(DRAIN)
        await self.kb.stop()
        if self._watchdog is not None:
            self._watchdog.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watchdog
        if self._llm is not None:
            await self._llm.close()
        await self._http.close()
        await asyncio.to_thread(self._stores.close)
        self._data_dir.release()
        log.info("stopped")

    async def ready(self) -> list[PartStatus]:
        """Each part's condition, for /readyz and /status."""
        found = [
            self._decide_status(),
            PartStatus("knowledge", True, self.kb.status),
            PartStatus("rules", True, self.rules.problem),
        ]
        beats = [_heartbeat_status(state) for state in self.heartbeats.states]
        return [*found, *self.sources.statuses(), *self.rooms.statuses(), *beats]

    def _decides(self) -> bool:
        return self.replica is None or self.replica.decider.held

    def _decide_status(self) -> PartStatus:
        if self.replica is not None and not self.replica.decider.held:
            return PartStatus("decide", True, self.replica.condition)
        return PartStatus("decide", self.loop.healthy, "" if self.loop.healthy else "no state")

    # What parts tell each other

    async def _rules_changed(self, made: RuleSet) -> None:
        """Who decides knows a rule before those who look for it find anything."""
        await self.loop.set_rules(made)
        await self.sources.set_rules(made.rules)

    async def _report(self, event: Event) -> None:
        await self.journal.append(event.source, [event])

    def _notify(self, connection: Connection, notification: Notification) -> None:
        self.queue.defer_all(connection, outbox.add(connection, [to_row(notification)]))

    async def _upload_finished(self, upload: Upload) -> None:
        if upload.state in {"succeeded", "failed"}:
            await self.publisher.publish(
                f"upload.{upload.state}", msgspec.to_builtins(upload_view(upload))
            )

    async def _article_published(self, article: ArticleRow) -> None:
        await self.publisher.publish(
            "article.published", msgspec.to_builtins(article_view(article))
        )

    def _committed(self, changes: Changes) -> None:
        if not self.feed.listening:
            return
        for incident in changes.incidents.values():
            self.feed.publish("incident", incident_shape(incident))

    def _incident_changed(self, number: int) -> None:
        """An incident has something new to show, which this process found."""
        if self.replica is not None:
            say = partial(ring, name=Rings.INCIDENTS, payload=str(number))
            self._show(self._stores.db.write(say))
        else:
            self._incidents_changed(str(number))

    def _incidents_changed(self, numbers: str) -> None:
        if self.feed.listening and numbers:
            for number in numbers.split(","):
                self._show(self._show_incident(int(number)))

    def _told(self, payload: str) -> None:
        incident, _, channel = payload.partition(" ")
        if channel:
            self.dispatcher.told(channel, int(incident))

    def _show(self, showing: Coroutine[Any, Any, None]) -> None:
        self._showing.add(task := asyncio.ensure_future(showing))
        task.add_done_callback(self._shown)

    def _shown(self, task: asyncio.Future[None]) -> None:
        self._showing.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.warning("change_not_shown", error=str(error))

    async def _show_incident(self, number: int) -> None:
        incident = await self._stores.db.read(lambda c: queries.incident(c, number))
        if incident is not None:
            self.feed.publish("incident", incident_shape(incident))


def _heartbeat_status(state: HeartbeatState) -> PartStatus:
    """A missed heartbeat is someone else's trouble: tocsin is ready, and says so in /status."""
    last = f"last word {iso(state.spoke_at)}" if state.spoke_at else "no word yet"
    return PartStatus(f"heartbeat:{state.name}", not state.missed, last, needed=False)
