"""A fold with a clock, to tell stories with."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from core.config.settings import Settings
from core.decide.fold import Fold
from core.decide.people import People
from core.decide.policy import make_policy
from core.decide.state import Changes, State
from core.model.event import Event
from core.model.notification import Notification

T0 = datetime(2026, 1, 1, tzinfo=UTC)
BASE: dict[str, Any] = {
    "channels": [{"name": "room", "type": "web"}, {"name": "room2", "type": "web"}],
    "receivers": [{"name": "r", "channels": ["room"]}, {"name": "r2", "channels": ["room2"]}],
    "route": {
        "receiver": "r",
        "group_by": ["alertname"],
        "group_wait": "10s",
        "group_interval": "1m",
        "repeat_interval": "1h",
    },
    "language": "en",
    "silences": {"remind": "0s"},
}


class Story:
    """A fold with a clock; `tell` sends an event, `wait` lets time pass second by second."""

    def __init__(self, **changes: Any) -> None:
        policy = make_policy(Settings.model_validate({**BASE, **changes}))
        self.fold = Fold(policy, State(), lambda event: [])
        self.people = People(policy, self.fold.state, self.fold.grouping)
        self.now = T0
        self.log: list[Notification] = []
        self.changes: list[Changes] = []

    def tell(self, name: str, *, status: str = "firing", severity: str = "warning", **labels: str):
        event = Event(
            source="api",
            occurred_at=self.now,
            labels={"alertname": name, **labels},
            severity=severity,
            status=status,  # type: ignore[arg-type]
        )
        self.fold.event(event, self.now, self.now)
        self._take()

    def wait(self, seconds: float, step: float = 1.0) -> None:
        end = self.now + timedelta(seconds=seconds)
        while self.now < end:
            self.now = min(end, self.now + timedelta(seconds=step))
            self.fold.tick(self.now)
        self._take()

    def _take(self) -> None:
        taken = self.fold.state.take_changes()
        self.changes.append(taken)
        self.log += taken.notifications

    def kinds(self) -> list[str]:
        return [n.kind for n in self.log]

    @property
    def incident(self):
        return self.fold.state.incidents[1]
