"""Heartbeats: a source that must speak, and does not, raises an alert (a dead man's switch).

A word counts when it is accepted. Silence counts only while tocsin listens: after it was away for
a part of `every` (stopped, suspended, or the clock jumped), a source has the whole of it again.
The last words are kept in the store; several tocsins on one store share them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Literal

import msgspec
from sqlalchemy import Connection

from core import metrics
from core.clock import Clock, utc_now
from core.config.settings import Settings
from core.config.units import format_duration
from core.decide.beat import Beat
from core.decide.fingerprint import fingerprint
from core.decide.policy import beats_of
from core.model.event import Event
from core.store.database import Database
from core.store.heartbeats import Heard, forget, load, save
from core.text import say

AWAY = 4  # it was away when it did not look for this part of `every`
_LOOKS = 10  # in one `every`
_SLOWEST, _FASTEST = 10.0, 0.25  # seconds between two looks


class HeartbeatState(msgspec.Struct, frozen=True):
    """How one does. missed: it should have spoken."""

    name: str
    missed: bool
    spoke_at: datetime | None


class Heartbeats:
    """Listens for all heartbeats. Give it every accepted event, and `look()` every `interval`."""

    def __init__(
        self,
        settings: Settings,
        db: Database,
        report: Callable[[Event], Awaitable[None]],
        clock: Clock = utc_now,
        *,
        decides: Callable[[], bool] = lambda: True,
    ) -> None:
        """decides: whether this process reports; of several one does, and all listen."""
        self._watched = {h.name: h for h in settings.heartbeats}
        self._beats: dict[str, list[Beat]] = {}
        for beat in beats_of(settings):
            self._beats.setdefault(beat.source, []).append(beat)
        self._db = db
        self._report = report
        self._language = settings.language
        self._tz = settings.tz
        self._clock = clock
        self._decides = decides
        self._spoke: dict[str, datetime] = {}
        # What was last said of each. A restart says it once more; that is harmless, since the
        # same alert twice is one alert, and the end of none is nothing.
        self._said: dict[str, bool] = {}
        self.states: tuple[HeartbeatState, ...] = ()

    @property
    def interval(self) -> float:
        """Seconds between two looks."""
        shortest = min((h.every.total_seconds() for h in self._watched.values()), default=0.0)
        return min(max(shortest / _LOOKS, _FASTEST), _SLOWEST)

    def heard(self, source: str, events: Sequence[Event]) -> None:
        """A source spoke: with these events, or with none that is worth one."""
        for beat in self._beats.get(source, ()):
            if not beat.matchers or any(
                event.status == "firing" and beat.fits(event.labels) for event in events
            ):
                self._spoke[beat.name] = self._clock()

    async def look(self) -> None:
        """Keep the last words; report who has become silent, and who speaks again."""
        now = self._clock()
        # Where the clock was put back, a word of the future is no excuse.
        spoke = self._spoke = {name: min(word, now) for name, word in self._spoke.items()}
        heard, gone = await self._db.write(lambda c: self._kept(c, spoke, now))
        self.states = tuple(
            HeartbeatState(one.name, self._is_missed(one, now), one.spoke_at) for one in heard
        )
        for state in self.states:
            metrics.HEARTBEAT_MISSED.labels(state.name).set(state.missed)
        if not self._decides():
            self._said.clear()  # whoever decides says it
            return
        for state in self.states:
            if self._said.get(state.name) is state.missed:
                continue
            # In its time of grace it is not missed, but has not spoken either.
            if state.missed or self._speaks(state, now):
                await self._report(self._event(state, now))
                self._said[state.name] = state.missed
        for name in gone:
            await self._report(_event(name, now, "resolved", say("self.cleared", self._language)))
        if gone:
            await self._db.write(lambda c: forget(c, gone))

    def _kept(
        self, connection: Connection, spoke: dict[str, datetime], now: datetime
    ) -> tuple[list[Heard], list[str]]:
        stored = load(connection)
        heard = [
            self._merged(stored.get(name), spoke.get(name), name, now) for name in self._watched
        ]
        save(connection, heard)
        return heard, [name for name in stored if name not in self._watched]

    def _merged(
        self, stored: Heard | None, spoke: datetime | None, name: str, now: datetime
    ) -> Heard:
        """What is known together; its silence counts anew when nobody has listened for a while."""
        if stored is None:
            return Heard(name, spoke, now, now)
        words = [word for word in (spoke, stored.spoke_at) if word is not None]
        spoke_at = min(max(words), now) if words else None
        away = now - stored.looked_at >= self._away(name)
        return Heard(name, spoke_at, now if away else min(stored.since, now), now)

    def _away(self, name: str) -> timedelta:
        return max(self._watched[name].every / AWAY, timedelta(seconds=2 * self.interval))

    def _is_missed(self, heard: Heard, now: datetime) -> bool:
        counts_from = max(heard.since, heard.spoke_at or heard.since)
        return now >= counts_from + self._watched[heard.name].every

    def _speaks(self, state: HeartbeatState, now: datetime) -> bool:
        return state.spoke_at is not None and now < state.spoke_at + self._watched[state.name].every

    def _event(self, state: HeartbeatState, now: datetime) -> Event:
        heartbeat = self._watched[state.name]
        if not state.missed:
            return _event(state.name, now, "resolved", say("self.cleared", self._language))
        last = state.spoke_at.astimezone(self._tz) if state.spoke_at else None
        summary = say(
            "self.heartbeat" if last else "self.heartbeat_never",
            self._language,
            name=heartbeat.name,
            source=heartbeat.source,
            every=format_duration(heartbeat.every),
            last=last.strftime("%Y-%m-%d %H:%M:%S") if last else "",
        )
        event = _event(state.name, now, "firing", summary)
        labels = {**event.labels, "source": heartbeat.source}
        return msgspec.structs.replace(event, labels=labels, severity=heartbeat.severity)


def _event(name: str, now: datetime, status: Literal["firing", "resolved"], summary: str) -> Event:
    return Event(
        source="self",
        occurred_at=now,
        labels={"alertname": "HeartbeatMissed", "app": "tocsin", "heartbeat": name},
        annotations={"summary": summary},
        status=status,
        fingerprint=fingerprint("heartbeat", name),
    )
