"""The fold's memory: what is firing, who has been told, and what changed since the last commit."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec

from core.model.alert import Alert
from core.model.decision import Decision, StageVerdict
from core.model.incident import Incident, TimelineEntry
from core.model.notification import Notification
from core.model.silence import Silence

REOPEN_WITHIN = timedelta(minutes=5)


class Group(msgspec.Struct, kw_only=True):
    """One aggregation group of one route.

    members: ids of its alerts; notified: alert id → what was last told (`firing:critical`).
    """

    key: str
    route: str
    labels: dict[str, str]
    incident: int
    members: list[str] = []
    notified: dict[str, str] = {}
    flush_at: datetime | None = None
    notified_at: datetime | None = None


class Task(msgspec.Struct, frozen=True):
    """Slow work that a decision asks for; it is deferred in the decision's transaction."""

    kind: str
    payload: dict[str, Any]
    key: str
    queue: str = ""


class Changes(msgspec.Struct):
    """Everything one commit writes. Sets hold keys of what is dirty in the state; an alert that
    is forgotten in the same step is still written."""

    alerts: dict[str, Alert] = {}
    incidents: dict[int, Incident] = {}
    groups: set[str] = set()
    dropped_groups: set[str] = set()
    windows: set[str] = set()
    silences: list[Silence] = []
    decisions: list[Decision] = []
    timeline: list[tuple[int, TimelineEntry]] = []
    notifications: list[Notification] = []
    tasks: list[Task] = []

    def __bool__(self) -> bool:
        return any(getattr(self, name) for name in self.__struct_fields__)


class State(msgspec.Struct):
    """All that deciding needs to remember. Loaded at start, changed by the fold only.

    alerts: by id, those firing and those whose group is still to be told of their end.
    by_fingerprint: fingerprint → id of its firing alert. incidents: open ones, and those
    resolved so lately that they may be reopened. open_incidents: key → number.
    """

    alerts: dict[str, Alert] = {}
    by_fingerprint: dict[str, str] = {}
    incidents: dict[int, Incident] = {}
    open_incidents: dict[str, int] = {}
    incident_members: dict[int, set[str]] = {}
    groups: dict[str, Group] = {}
    silences: list[Silence] = []
    suppressed: set[str] = set()
    windows: dict[str, list[float]] = {}
    stages: dict[str, tuple[StageVerdict, ...]] = {}
    counters: dict[str, int] = {}
    accepted: dict[str, datetime] = {}
    changes: Changes = msgspec.field(default_factory=Changes)

    def number(self, kind: str) -> int:
        """The next short id of a kind that only the fold gives out (ALT, INC, SIL)."""
        self.counters[kind] = self.counters.get(kind, 0) + 1
        return self.counters[kind]

    def forget(self, alert_id: str) -> None:
        """The alert ended and everyone who should know was told."""
        self.alerts.pop(alert_id, None)
        self.stages.pop(alert_id, None)
        self.accepted.pop(alert_id, None)

    def take_changes(self) -> Changes:
        """What changed since the last call."""
        taken, self.changes = self.changes, Changes()
        return taken
