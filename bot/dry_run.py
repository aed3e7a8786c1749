"""What rules would have raised over the stored journal. Nothing is stored, sent or counted.

It runs beside the service: one at a time, in a thread, in small pieces with as long a rest after
each, and for a bounded time. Log lines that no rule spoke of when they were read are not in the
journal, so they are not tried either.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from bot.trial import Raised, Trial, raised
from core.config.rules import Rule
from core.config.settings import Settings
from core.model.event import Event
from core.store.journal import Journal, JournalBatch

SECONDS = 15.0  # of work and rest
PIECE = 500  # events
MAX_SHOWN = 200  # alerts
MAX_ALERTS = 10_000


class DryRun(msgspec.Struct, frozen=True):
    """events: how many were tried; matched: how many any of the rules spoke of. complete: whether
    all of the span was tried, else it was up to `until` only. total, by_rule: alerts raised;
    alerts: the first of them."""

    since: datetime
    until: datetime
    complete: bool
    events: int
    matched: int
    total: int
    by_rule: dict[str, int]
    alerts: list[Raised]


class DryRuns:
    """One for each service; it runs one at a time."""

    def __init__(self, settings: Settings, journal: Journal) -> None:
        self._settings = settings
        self._journal = journal
        self._lock = asyncio.Lock()

    @property
    def busy(self) -> bool:
        """Whether one is under way."""
        return self._lock.locked()

    async def run(self, rules: Sequence[Rule], hours: float, now: datetime) -> DryRun:
        """Try `rules` on what was accepted in the last `hours`. StoreError."""
        async with self._lock:
            return await self._run(rules, now - timedelta(hours=hours), now)

    async def _run(self, rules: Sequence[Rule], since: datetime, now: datetime) -> DryRun:
        began = time.monotonic()
        trial = await asyncio.to_thread(Trial, self._settings, rules, since)
        seq = await self._journal.seq_before(since)
        events = matched = 0
        complete = False
        while time.monotonic() - began < SECONDS and len(trial.alerts) < MAX_ALERTS:
            batches = await self._journal.after(seq, PIECE)
            fresh = [batch for batch in batches if batch.accepted_at <= now]
            worked = time.monotonic()
            matched += await asyncio.to_thread(_try, trial, fresh)
            events += sum(len(batch.events) for batch in fresh)
            if not fresh or len(fresh) < len(batches):
                await asyncio.to_thread(trial.pass_time, now)
                complete = True
                break
            seq = fresh[-1].seq
            await asyncio.sleep(time.monotonic() - worked)
        alerts = list(trial.alerts.values())
        return DryRun(
            since=since,
            until=trial.now,
            complete=complete,
            events=events,
            matched=matched,
            total=len(alerts),
            by_rule=dict(Counter(alert.rule for alert in alerts)),
            alerts=[raised(alert) for alert in alerts[:MAX_SHOWN]],
        )


def _try(trial: Trial, batches: list[JournalBatch]) -> int:
    matched = 0
    for batch in batches:
        for event in batch.events:
            given = _as_accepted(event)
            if given is not None and trial.evaluate(given):
                trial.pass_time(max(batch.accepted_at, trial.now))
                trial.take(given)
                matched += 1
    return matched


def _as_accepted(event: Event) -> Event | None:
    """The event as if no rule had seen it; None for one that names its alert by itself."""
    if event.source.startswith("log:"):
        # The names of the rules that it matched were noted when it was read; others are tried now.
        return msgspec.structs.replace(event, source="dry-run", rules=(), clears=())
    return None if "alertname" in event.labels else event
