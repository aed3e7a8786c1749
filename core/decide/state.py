"""The fold's memory: what is firing, who has been told, and what changed since the last commit."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from core.decide.condition.memory import Memory
from core.decide.history import History
from core.model.alert import Alert
from core.model.decision import Decision, StageVerdict
from core.model.escalating import Escalating
from core.model.incident import Incident, TimelineEntry
from core.model.notification import Notification
from core.model.silence import Silence
from core.model.work import Work
from core.rule.log_template import Templates

REOPEN_WITHIN = timedelta(minutes=5)


class Group(msgspec.Struct, kw_only=True):
    """One aggregation group of one route.

    members: id of each of its alerts → what was last told of it (`firing:critical`), or empty.
    """

    key: str
    route: str
    labels: dict[str, str]
    incident: int
    members: dict[str, str] = {}
    flush_at: datetime | None = None
    notified_at: datetime | None = None


class Changes(msgspec.Struct):
    """Everything one commit writes. Sets hold keys of what is dirty in the state; an alert that
    is forgotten in the same step is still written.

    members: (group, alert) → what was last told of it; None when it is no member any more.
    memories: rules; windows: (rule, key) of what a condition remembers.
    templates: ids of log templates that were used, changed or dropped.
    """

    alerts: dict[str, Alert] = {}
    incidents: dict[int, Incident] = {}
    groups: set[str] = set()
    members: dict[tuple[str, str], str | None] = {}
    dropped_groups: set[str] = set()
    histories: set[str] = set()
    escalations: set[int] = set()
    throttles: set[str] = set()
    memories: set[str] = set()
    dropped_memories: set[str] = set()
    windows: set[tuple[str, str]] = set()
    templates: set[str] = set()
    silences: list[Silence] = []
    decisions: list[Decision] = []
    timeline: list[tuple[int, TimelineEntry]] = []
    notifications: list[Notification] = []
    tasks: list[Work] = []

    def __bool__(self) -> bool:
        return any(getattr(self, name) for name in self.__struct_fields__)


class State(msgspec.Struct):
    """All that deciding needs to remember. Loaded at start, changed by the fold only.

    alerts: by id, those firing and those whose group is still to be told of their end.
    by_fingerprint: fingerprint → id of its firing alert; by_rule: rule → ids of its firing alerts.
    incidents: open ones, and those resolved so lately that they may be reopened.
    open_incidents: key → number; closed_incidents: key → number of the one that resolved last.
    firing_of: incident → ids of its firing alerts.
    groups_of: alert id → keys of the groups it is a member of; groups_for: incident → keys of
    its groups.
    histories: fingerprint → what it did lately, those touched last at the end.
    escalating: by incident, of those that are open and whose route has a policy.
    throttles: receiver → when it was told lately, as Unix seconds.
    memories: what each rule's condition remembers, by name of the rule.
    templates: what tells alerts apart of which nothing but a text is known.
    """

    alerts: dict[str, Alert] = {}
    by_fingerprint: dict[str, str] = {}
    by_rule: dict[str, set[str]] = {}
    incidents: dict[int, Incident] = {}
    open_incidents: dict[str, int] = {}
    closed_incidents: dict[str, int] = {}
    firing_of: dict[int, set[str]] = {}
    groups: dict[str, Group] = {}
    groups_of: dict[str, tuple[str, ...]] = {}
    groups_for: dict[int, set[str]] = {}
    escalating: dict[int, Escalating] = {}
    silences: list[Silence] = []
    suppressed: dict[str, None] = {}
    histories: dict[str, History] = {}
    throttles: dict[str, list[float]] = {}
    memories: dict[str, Memory] = {}
    templates: Templates = msgspec.field(default_factory=Templates)
    stages: dict[str, tuple[StageVerdict, ...]] = {}
    counters: dict[str, int] = {}
    accepted: dict[str, datetime] = {}
    changes: Changes = msgspec.field(default_factory=Changes)

    def number(self, kind: str) -> int:
        """The next short id of a kind that only the fold gives out (ALT, INC, SIL)."""
        self.counters[kind] = self.counters.get(kind, 0) + 1
        return self.counters[kind]

    # Alerts

    def keep(self, alert: Alert) -> None:
        """Know an alert: one that begins, or one that was loaded."""
        self.alerts[alert.id] = alert
        if alert.status == "firing":
            self.by_fingerprint[alert.fingerprint] = alert.id
            self.by_rule.setdefault(alert.rule, set()).add(alert.id)
            if alert.incident:
                self.firing_of.setdefault(alert.incident, set()).add(alert.id)

    def end(self, alert: Alert) -> None:
        """It fires no more; it is known until its groups were told."""
        if self.by_fingerprint.get(alert.fingerprint) == alert.id:
            del self.by_fingerprint[alert.fingerprint]
        self.by_rule.get(alert.rule, set()).discard(alert.id)
        self.firing_of.get(alert.incident or 0, set()).discard(alert.id)
        self.suppressed.pop(alert.id, None)

    def forget(self, alert_id: str) -> None:
        """The alert ended and everyone who should know was told."""
        self.alerts.pop(alert_id, None)
        self.stages.pop(alert_id, None)
        self.accepted.pop(alert_id, None)

    def any_fires(self, incident: int) -> bool:
        """Whether any alert of an incident fires."""
        return bool(self.firing_of.get(incident))

    # Incidents

    def keep_incident(self, incident: Incident) -> None:
        """Know an incident, open or resolved."""
        self.incidents[incident.number] = incident
        if incident.status != "resolved" or incident.held:
            self.open_incidents[incident.key] = incident.number
        else:
            if self.open_incidents.get(incident.key) == incident.number:
                del self.open_incidents[incident.key]
            self.closed_incidents[incident.key] = incident.number

    def forget_incident(self, incident: Incident) -> None:
        """It is over for so long that nothing will reopen it."""
        self.incidents.pop(incident.number, None)
        self.firing_of.pop(incident.number, None)
        self.groups_for.pop(incident.number, None)
        if self.closed_incidents.get(incident.key) == incident.number:
            del self.closed_incidents[incident.key]

    # Groups

    def keep_group(self, group: Group) -> None:
        """Know a group with its members."""
        self.groups[group.key] = group
        self.groups_for.setdefault(group.incident, set()).add(group.key)
        for alert_id in group.members:
            self.groups_of[alert_id] = (*self.groups_of.get(alert_id, ()), group.key)

    def enter(self, alert: Alert, group: Group) -> None:
        """Make an alert a member of a group, if it is none."""
        self.changes.groups.add(group.key)
        if alert.id not in group.members:
            self.told(alert.id, group, "")
            self.groups_of[alert.id] = (*self.groups_of.get(alert.id, ()), group.key)

    def told(self, alert_id: str, group: Group, what: str) -> None:
        """Note what the group's receiver was last told of a member."""
        group.members[alert_id] = what
        self.changes.members[group.key, alert_id] = what

    def leave(self, alert_id: str, group: Group) -> None:
        """End a membership; with its last one a resolved alert is forgotten."""
        if group.members.pop(alert_id, None) is not None:
            self.changes.members[group.key, alert_id] = None
        keys = tuple(k for k in self.groups_of.get(alert_id, ()) if k != group.key)
        if keys:
            self.groups_of[alert_id] = keys
        else:
            self.groups_of.pop(alert_id, None)
            alert = self.alerts.get(alert_id)
            if alert is not None and alert.status == "resolved":
                self.forget(alert_id)

    def drop_group(self, group: Group) -> None:
        """Forget a group and its memberships."""
        for alert_id in list(group.members):
            self.leave(alert_id, group)
        self.groups.pop(group.key, None)
        self.groups_for.get(group.incident, set()).discard(group.key)
        self.changes.groups.discard(group.key)
        self.changes.dropped_groups.add(group.key)

    def take_changes(self) -> Changes:
        """What changed since the last call."""
        taken, self.changes = self.changes, Changes()
        taken.templates = self.templates.take_changed()
        return taken
