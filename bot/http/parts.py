"""What the HTTP room is handed: the parts of the house that its routes use."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from bot.audit import Audit
from bot.chat.outbox import Outbox
from bot.chat.web.log import RoomLog
from bot.command.dispatcher import Dispatcher
from bot.dry_run import DryRuns
from bot.http.auth import Auth
from bot.http.signature.seen import Seen
from bot.http.stream import Feed
from core.clock import Clock, utc_now
from core.config.settings import Settings
from core.decide.signal import Evaluate
from core.http import HttpClient
from core.loop import Loop
from core.oncall.roster import Roster
from core.rulebook import RuleBook
from core.store import Database, Journal
from core.upload.uploads import Uploads
from knowledge.analysis.analyst import Analyst
from knowledge.ask import Ask
from knowledge.base import KnowledgeBase


class PartStatus(msgspec.Struct, frozen=True):
    """One part on /readyz. reason: why it is not, or what it is doing; for people.

    needed: tocsin is not ready while it is not ok.
    """

    name: str
    ok: bool
    reason: str = ""
    needed: bool = True


@dataclass(frozen=True, kw_only=True)
class HttpParts:
    """Everything a route may use. journal_db: where the journal's tables are (rejected events).

    evaluate: the rules, to tell which alert an event belongs to.
    http: for keys that a platform's signature is checked with. seen: signed messages taken lately.
    web_log: the lines of the built-in rooms, the same one that their channels write to.
    """

    settings: Settings
    db: Database
    journal: Journal
    journal_db: Database
    loop: Loop
    evaluate: Evaluate
    rules: RuleBook
    dry_runs: DryRuns
    kb: KnowledgeBase
    ask: Ask
    analyst: Analyst
    uploads: Uploads
    outbox: Outbox
    roster: Roster
    dispatcher: Dispatcher
    web_log: RoomLog
    audit: Audit
    auth: Auth
    ready: Callable[[], Awaitable[list[PartStatus]]]
    feed: Feed = field(default_factory=Feed)
    clock: Clock = utc_now
    started_at: datetime = field(default_factory=utc_now)
    http: HttpClient = field(default_factory=HttpClient)
    seen: Seen = field(default_factory=Seen)
