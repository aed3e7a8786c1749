"""A silence that ends soon is announced once: in the room that made it, else to its receivers."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from core.decide.policy import Policy
from core.decide.state import State
from core.decide.telling import Telling
from core.model.silence import Silence


class Reminders:
    """Part of the fold; does no I/O."""

    def __init__(self, policy: Policy, state: State, telling: Telling) -> None:
        self._policy = policy
        self._state = state
        self._telling = telling

    def tick(self, now: datetime) -> None:
        """Announce what ends within the time of the settings, and was made for twice as long."""
        before = self._policy.silence_reminder
        for place, silence in enumerate(self._state.silences):
            if self._due(silence, before, now):
                reminded = msgspec.structs.replace(silence, reminded=True)
                self._state.silences[place] = reminded
                self._state.changes.silences.append(reminded)
                for channel in self._channels(silence):
                    self._telling.notice(channel, silence, now)

    def _due(self, silence: Silence, before: timedelta, now: datetime) -> bool:
        return (
            not silence.reminded
            and silence.active(now)
            and silence.ends_at - now <= before
            and silence.ends_at - silence.starts_at >= 2 * before
        )

    def _channels(self, silence: Silence) -> list[str]:
        """Where people should know. What it silences now says which receivers those are."""
        if silence.room in self._policy.told:
            return [silence.room]
        alerts = [self._state.alerts[i] for i in self._state.by_fingerprint.values()]
        matching = (a for a in alerts if silence.matches(a.labels))
        routes = {
            route.path: route
            for alert in matching
            for route in self._policy.route.matching(alert.labels)
        }
        return sorted({c for r in routes.values() or [self._policy.route] for c in r.channels})
