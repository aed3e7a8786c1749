"""Readings that cross their limits become alerts of our own engine, each change told once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from datetime import datetime, timedelta
from typing import Any

import pytest

from core.clock import utc_now
from core.config.settings import Settings
from core.decide.policy import make_policy
from core.errors import StoreError
from core.loop import Loop
from core.model.alert import Alert
from core.model.event import Event
from core.store import Database, Journal, queries
from scheduler.selfcheck import Reading, SelfCheck
from scheduler.tasks import EmbeddedQueue

SETTINGS: dict[str, Any] = {
    "language": "en",
    "resolve_timeout": "1s",
    "channels": [{"name": "room", "type": "web"}],
    "receivers": [{"name": "r", "channels": ["room"]}],
    "route": {"receiver": "r", "group_by": ["alertname"], "group_wait": "0s"},
}


class Watched:
    """A check whose probe tells `late`, seconds by channel, with a journal and a loop behind."""

    def __init__(self, db: Database, journal: Journal, late: dict[str, float]) -> None:
        self.now = utc_now()
        self.late = late
        self.refuses = False
        self.reported: list[Event] = []
        self._db = db
        self._journal = journal
        policy = make_policy(Settings.model_validate(SETTINGS))
        self.loop = Loop(policy, db, journal, EmbeddedQueue(db), lambda event: [])
        self.check = SelfCheck([self._probe], self._report, "en", lambda: self.now)

    async def _probe(self, _now: datetime) -> Iterable[Reading]:
        return [
            Reading(
                name="NotificationsLate",
                text="self.outbox_age",
                value=value,
                warning=120,
                critical=600,
                labels={"channel": channel},
            )
            for channel, value in self.late.items()
        ]

    async def _report(self, event: Event) -> None:
        if self.refuses:
            raise StoreError("the disk is full")
        self.reported.append(event)
        await self._journal.append(event.source, [event])

    async def look(self) -> list[tuple[str, str]]:
        """What one look told: (status, severity) of each event."""
        before = len(self.reported)
        await self.check.look()
        await self.loop.settled()
        return [(e.status, e.severity) for e in self.reported[before:]]

    async def alerts(self) -> list[Alert]:
        page = await self._db.read(queries.alerts)
        return page.items


@pytest.fixture
async def watched(db: Database, journal: Journal) -> AsyncIterator[Watched]:
    made = Watched(db, journal, {"ops": 0})
    await made.loop.start()
    yield made
    await made.loop.stop()


async def test_a_figure_over_its_limit_is_one_alert(watched: Watched) -> None:
    await watched.look()
    assert await watched.alerts() == []
    watched.late["ops"] = 130
    assert await watched.look() == [("firing", "warning")]
    watched.late["ops"] = 140
    assert await watched.look() == []
    (alert,) = await watched.alerts()
    assert (alert.name, alert.source, alert.severity) == ("NotificationsLate", "self", "warning")
    assert alert.labels["channel"] == "ops"
    assert alert.summary == "A notification for ops has waited 130 s (limit 120 s)"


async def test_another_severity_is_told_again_and_the_end_once(watched: Watched) -> None:
    watched.late["ops"] = 120
    assert await watched.look() == [("firing", "warning")]
    watched.late["ops"] = 600
    assert await watched.look() == [("firing", "critical")]
    (alert,) = await watched.alerts()
    assert alert.severity == "critical"
    assert "limit 600 s" in alert.summary
    watched.late["ops"] = 300
    assert await watched.look() == [("firing", "warning")]
    watched.late["ops"] = 0
    assert await watched.look() == [("resolved", "info")]
    assert await watched.look() == []
    (alert,) = await watched.alerts()
    assert (alert.status, alert.count) == ("resolved", 3)


async def test_an_alert_of_our_own_does_not_end_by_silence(watched: Watched) -> None:
    """It is told once, and fires as long as the figure is bad, not for resolve_timeout."""
    watched.late["ops"] = 700
    await watched.look()
    watched.loop.fold.tick(watched.now + timedelta(hours=1))
    (alert,) = await watched.alerts()
    assert alert.status == "firing"


async def test_two_channels_are_two_alerts(watched: Watched) -> None:
    watched.late = {"ops": 130, "night": 700}
    assert sorted(await watched.look()) == [("firing", "critical"), ("firing", "warning")]
    watched.late["night"] = 0
    assert await watched.look() == [("resolved", "info")]
    states = {a.labels["channel"]: a.status for a in await watched.alerts()}
    assert states == {"ops": "firing", "night": "resolved"}


async def test_what_could_not_be_told_is_told_at_the_next_look(watched: Watched) -> None:
    watched.late["ops"] = 130
    watched.refuses = True
    with pytest.raises(StoreError):
        await watched.check.look()
    watched.refuses = False
    assert await watched.look() == [("firing", "warning")]
    assert len(await watched.alerts()) == 1
