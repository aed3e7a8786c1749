"""Groups and incidents: alerts that belong together are told together.

An incident exists from its first alert; its key is the first matching route with the group's
labels. Each matching route has its own group, whose timer says when its receiver is told:
group_wait after the first alert, then at most once a group_interval when something changed, and
every repeat_interval while it still fires and nobody acknowledged it (Alertmanager's rules).
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from datetime import datetime

import orjson

from core.decide import pipeline
from core.decide.policy import Policy
from core.decide.route import Route
from core.decide.state import REOPEN_WITHIN, Group, State, Task
from core.decide.telling import Telling
from core.decide.view import View
from core.ids import uuid7
from core.model.alert import Alert
from core.model.decision import StageVerdict
from core.model.event import RANK
from core.model.incident import Incident, TimelineEntry
from core.text import say

Record = Callable[[Alert, datetime, tuple[StageVerdict, ...]], None]


class Grouping:
    """Owns groups, incidents and their timers. Part of the fold; does no I/O."""

    def __init__(self, policy: Policy, state: State, record: Record) -> None:
        self._policy = policy
        self._state = state
        self._record = record
        self._routes = {r.path: r for r in _walk(policy.route)}
        self._timers: list[tuple[datetime, str]] = []
        self.telling = Telling(policy, state)
        for key in [k for k, g in state.groups.items() if g.route not in self._routes]:
            self._drop(key)  # the route tree changed since; its alerts join anew when they repeat
        for group in state.groups.values():
            if group.flush_at:
                heapq.heappush(self._timers, (group.flush_at, group.key))

    # Alerts come and go

    def held(self, alert: Alert) -> str:
        """The incident that a person resolved while this alert fires, or an empty text."""
        incident = self._state.incidents.get(alert.incident or 0)
        return incident.short_id if incident is not None and incident.held else ""

    def join(self, alert: Alert, now: datetime, accepted_at: datetime | None) -> None:
        """Put an alert into the groups of its routes, and set their timers."""
        routes = self._policy.route.matching(alert.labels)
        incident = self._incident_for(alert, routes[0], now)
        if accepted_at is not None:
            self._state.accepted[alert.id] = accepted_at
        for route in routes:
            labels = route.group_labels(alert.labels)
            key = _key(route, labels)
            group = self._state.groups.get(key)
            if group is None or group.incident != incident.number:
                group = Group(key=key, route=route.path, labels=labels, incident=incident.number)
                self._state.groups[key] = group
            if alert.id not in group.members:
                group.members.append(alert.id)
            self._state.changes.groups.add(key)
            wait = (
                self._policy.first_wait(route, incident.severity)
                if group.notified_at is None
                else max(group.notified_at + route.group_interval - now, now - now)
            )
            if incident.severity == "critical":
                wait = min(wait, route.group_wait)
            self._set_timer(group, now + wait)
        self.telling.alert_event("alert.firing", alert, now)

    def cleared(self, alert: Alert, now: datetime) -> None:
        """An alert resolved: its groups tell it; an incident with nothing left is resolved."""
        incident = self._state.incidents.get(alert.incident or 0)
        if incident is None:
            self._state.forget(alert.id)
            return
        language = self._policy.language
        text = say("timeline.alert_resolved", language, id=alert.short_id)
        self.note(incident.number, now, "alert_resolved", "tocsin", text)
        self.telling.alert_event("alert.resolved", alert, now)
        members = self._state.incident_members.get(incident.number, set())
        if incident.status != "resolved" and not any(
            self._state.alerts[i].status == "firing" for i in members if i in self._state.alerts
        ):
            self.close(incident, now, by="", comment="")
        for group in [g for g in self._state.groups.values() if alert.id in g.members]:
            route = self._routes[group.route]
            if not any(i in group.notified for i in group.members):
                self._forget_untold(group, alert)  # it came and went before anyone was told
            elif group.notified_at is not None:
                self._set_timer(group, max(now, group.notified_at + route.group_interval))

    def _forget_untold(self, group: Group, alert: Alert) -> None:
        group.members.remove(alert.id)
        self._state.forget(alert.id)
        self._state.changes.groups.add(group.key)
        if not group.members:
            self._drop(group.key)

    # Incidents

    def _incident_for(self, alert: Alert, route: Route, now: datetime) -> Incident:
        key = _key(route, route.group_labels(alert.labels))
        number = self._state.open_incidents.get(key)
        incident = self._state.incidents.get(number) if number else None
        if incident is None:
            incident = self._reopenable(key, now)
            if incident is not None:
                self.reopen(incident, now, by="", comment="")
        if incident is None:
            incident = self._open(key, alert, route, now)
        members = self._state.incident_members.setdefault(incident.number, set())
        if alert.id not in members:
            members.add(alert.id)
            alert.incident = incident.number
            incident.alert_count += 1
            text = say(
                "timeline.alert", self._policy.language, id=alert.short_id, summary=alert.summary
            )
            self.note(incident.number, now, "alert", alert.source, text)
            self._state.changes.alerts[alert.id] = alert
        if RANK[alert.severity] > RANK[incident.severity]:
            incident.severity = alert.severity
            text = say("timeline.severity", self._policy.language, severity=alert.severity)
            self.note(incident.number, now, "severity", "tocsin", text)
            self.telling.incident_event("incident.updated", incident, now)
        self.touch(incident, now)
        return incident

    def _open(self, key: str, alert: Alert, route: Route, now: datetime) -> Incident:
        incident = Incident(
            id=uuid7(),
            number=self._state.number("INC"),
            key=key,
            title=alert.summary[:200],
            severity=alert.severity,
            labels=route.group_labels(alert.labels),
            started_at=now,
            updated_at=now,
        )
        self._state.incidents[incident.number] = incident
        self._state.open_incidents[key] = incident.number
        text = say("timeline.triggered", self._policy.language, title=incident.title)
        self.note(incident.number, now, "triggered", "tocsin", text)
        self.work("enrich", incident)
        self.telling.incident_event("incident.triggered", incident, now)
        return incident

    def _reopenable(self, key: str, now: datetime) -> Incident | None:
        """The newest incident of this key that resolved by itself a moment ago."""
        for incident in reversed(self._state.incidents.values()):
            if incident.key == key and incident.resolved_at and not incident.resolved_by:
                return incident if now - incident.resolved_at <= REOPEN_WITHIN else None
        return None

    def close(self, incident: Incident, now: datetime, *, by: str, comment: str) -> None:
        """Resolve an incident: by a person, or by itself (`by` empty)."""
        language = self._policy.language
        members = self._state.incident_members.get(incident.number, set())
        incident.status = "resolved"
        incident.resolved_at = now
        incident.resolved_by = by
        incident.resolution = comment or incident.resolution
        incident.held = bool(by) and any(
            self._state.alerts[i].status == "firing" for i in members if i in self._state.alerts
        )
        if not incident.held:
            self._state.open_incidents.pop(incident.key, None)
        text = (
            say("timeline.resolved", language, by=by, comment=comment)
            if by
            else say("timeline.resolved_auto", language)
        )
        self.note(incident.number, now, "resolved", by or "tocsin", text)
        self.touch(incident, now)
        self.work("writeback", incident)
        self.telling.incident_event("incident.resolved", incident, now)

    def reopen(self, incident: Incident, now: datetime, *, by: str, comment: str) -> None:
        """Back to triggered: by a person, or because it fires again (`by` empty)."""
        incident.status = "triggered"
        incident.resolved_at = None
        incident.resolved_by = ""
        incident.acknowledged_at = None
        incident.acknowledged_by = ""
        incident.held = False
        self._state.open_incidents[incident.key] = incident.number
        language = self._policy.language
        text = (
            say("timeline.reopened", language, by=by, comment=comment)
            if by
            else say("timeline.reopened_auto", language)
        )
        self.note(incident.number, now, "reopened", by or "tocsin", text)
        self.touch(incident, now)
        self.telling.incident_event("incident.updated", incident, now)

    def note(self, number: int, at: datetime, kind: str, by: str, text: str) -> None:
        """One more line of an incident's timeline."""
        self._state.changes.timeline.append((number, TimelineEntry(at, kind, by, text.strip())))

    def touch(self, incident: Incident, now: datetime) -> None:
        """The incident changed."""
        incident.updated_at = now
        self._state.changes.incidents[incident.number] = incident

    def work(self, kind: str, incident: Incident) -> None:
        """Ask for slow work on an incident, once while it is unfinished."""
        self._state.changes.tasks.append(
            Task(kind, {"incident": incident.number}, f"{kind}:{incident.number}")
        )

    # Timers

    def _set_timer(self, group: Group, at: datetime) -> None:
        if group.flush_at is None or at < group.flush_at:
            group.flush_at = at
            heapq.heappush(self._timers, (at, group.key))
            self._state.changes.groups.add(group.key)

    def next_due(self) -> datetime | None:
        """The earliest group timer."""
        return self._timers[0][0] if self._timers else None

    def tick(self, now: datetime, view: View) -> None:
        """Tell the groups whose time has come; end acknowledgements that ran out."""
        while self._timers and self._timers[0][0] <= now:
            due, key = heapq.heappop(self._timers)
            group = self._state.groups.get(key)
            if group is not None and group.flush_at == due:
                self._flush(group, now, view)
        for incident in list(self._state.incidents.values()):
            if incident.ack_until and incident.ack_until <= now:
                self._end_acknowledgement(incident, now)
            if incident.resolved_at and not incident.held:
                self._forget(incident, now)

    def _end_acknowledgement(self, incident: Incident, now: datetime) -> None:
        incident.ack_until = None
        if incident.status == "acknowledged":
            incident.status = "triggered"
            incident.acknowledged_at, incident.acknowledged_by = None, ""
            text = say("timeline.ack_ended", self._policy.language)
            self.note(incident.number, now, "unacknowledged", "tocsin", text)
            self.remind(incident, now)
        self.touch(incident, now)

    def remind(self, incident: Incident, now: datetime) -> None:
        """Set the timers of an incident's groups so that what fires is told again."""
        for group in self._state.groups.values():
            if group.incident == incident.number and group.notified_at is not None:
                route = self._routes[group.route]
                self._set_timer(group, max(now, group.notified_at + route.repeat_interval))

    def tell_again(self, incident: Incident, now: datetime) -> None:
        """Tell an incident's receivers what still fires, whatever was told before."""
        for group in self._state.groups.values():
            if group.incident == incident.number:
                alerts = [self._state.alerts[i] for i in group.members if i in self._state.alerts]
                firing = [a for a in alerts if a.status == "firing" and a.id in group.notified]
                if firing:
                    self.telling.tell("update", incident, self._routes[group.route], firing, now)

    def _forget(self, incident: Incident, now: datetime) -> None:
        if incident.resolved_at and now - incident.resolved_at > REOPEN_WITHIN:
            self._state.incidents.pop(incident.number, None)
            self._state.incident_members.pop(incident.number, None)

    def _drop(self, key: str) -> None:
        self._state.groups.pop(key, None)
        self._state.changes.groups.discard(key)
        self._state.changes.dropped_groups.add(key)

    # Telling

    def _flush(self, group: Group, now: datetime, view: View) -> None:
        """Tell what is new in a group, if anything is; then set its next timer."""
        state, route = self._state, self._routes[group.route]
        group.flush_at = None
        state.changes.groups.add(group.key)
        incident = state.incidents.get(group.incident)
        if incident is None:
            self._drop(group.key)
            return
        if incident.held:
            self._flush_held(group, incident, route, now)
            return
        fresh, ended, still = [], [], []
        for alert_id in list(group.members):
            alert = state.alerts.get(alert_id)
            if alert is None:
                group.members.remove(alert_id)
                continue
            told = group.notified.get(alert_id)
            if alert.status == "resolved":
                if told:
                    ended.append(alert)
                continue
            stages = pipeline.run(alert, view, pipeline.MUTES)
            if stages[-1].verdict == "suppressed":
                self._record(alert, now, stages)
                state.suppressed.add(alert.id)
                continue
            still.append(alert)
            if told != f"firing:{alert.severity}":
                fresh.append(alert)
        self._tell(group, incident, route, now, fresh, ended, still)
        for alert in ended:
            group.members.remove(alert.id)
            group.notified.pop(alert.id, None)
            state.forget(alert.id)
        if not group.members:
            self._drop(group.key)
        elif still and incident.status == "triggered":
            self._set_timer(group, (group.notified_at or now) + route.repeat_interval)

    def _tell(
        self,
        group: Group,
        incident: Incident,
        route: Route,
        now: datetime,
        fresh: list[Alert],
        ended: list[Alert],
        still: list[Alert],
    ) -> None:
        repeat = (
            not fresh
            and not ended
            and still
            and incident.status == "triggered"
            and group.notified_at is not None
            and now - group.notified_at >= route.repeat_interval
        )
        if fresh:
            self.telling.tell("firing", incident, route, fresh, now)
        if ended:
            self.telling.tell("resolved", incident, route, ended, now)
        if repeat:
            self.telling.tell("update", incident, route, still, now)
        for alert in fresh:
            group.notified[alert.id] = f"firing:{alert.severity}"
            stages = self._state.stages.get(alert.id, ())
            told = StageVerdict("notify", "notified", "notified", route.receiver)
            self._record(alert, now, (*(s for s in stages if s.stage != "notify"), told))
        if fresh or ended or repeat:
            group.notified_at = now

    def _flush_held(self, group: Group, incident: Incident, route: Route, now: datetime) -> None:
        """A person resolved it while it fired: after repeat_interval it opens anew."""
        resolved = incident.resolved_at or now
        if now - resolved < route.repeat_interval:
            self._set_timer(group, resolved + route.repeat_interval)
            return
        incident.held = False
        self._state.open_incidents.pop(incident.key, None)
        self.touch(incident, now)
        firing = [self._state.alerts[i] for i in group.members if i in self._state.alerts]
        self._drop(group.key)
        for alert in firing:
            if alert.status == "firing":
                self.join(alert, now, None)


def _walk(route: Route) -> Iterator[Route]:
    yield route
    for child in route.children:
        yield from _walk(child)


def _key(route: Route, labels: dict[str, str]) -> str:
    return f"{route.path}:{orjson.dumps(labels, option=orjson.OPT_SORT_KEYS).decode()}"
