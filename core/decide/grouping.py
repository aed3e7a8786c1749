"""Groups and incidents: alerts that belong together are told together.

An incident exists from its first alert; its key is the first matching route with the group's
labels. Each matching route has its own group, whose timer says when its receiver is told:
group_wait after the first alert, then at most once a group_interval when something changed, and
every repeat_interval while it still fires and nobody acknowledged it (Alertmanager's rules).
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import orjson

from core.decide import pipeline
from core.decide.policy import Policy
from core.decide.route import Route
from core.decide.state import REOPEN_WITHIN, Group, State
from core.decide.telling import Telling
from core.decide.view import View
from core.ids import uuid7
from core.model.alert import Alert
from core.model.decision import StageVerdict
from core.model.event import RANK
from core.model.incident import Incident, TimelineEntry
from core.model.work import Work
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
        self._incident_timers: list[tuple[datetime, int]] = []
        self.telling = Telling(policy, state)
        for group in [g for g in state.groups.values() if g.route not in self._routes]:
            state.drop_group(group)  # the route tree changed since; its alerts join anew
        for group in state.groups.values():
            if group.flush_at:
                heapq.heappush(self._timers, (group.flush_at, group.key))
        for incident in state.incidents.values():
            self._watch(incident)

    # Alerts come and go

    def held(self, alert: Alert) -> str:
        """The incident that a person resolved while this alert fires, or an empty text."""
        incident = self._state.incidents.get(alert.incident or 0)
        return incident.short_id if incident is not None and incident.held else ""

    def join(self, alert: Alert, now: datetime, accepted_at: datetime | None) -> None:
        """Put an alert into the groups of its routes, and set their timers."""
        self._state.suppressed.pop(alert.id, None)
        routes = self._policy.route.matching(alert.labels)
        incident = self._incident_for(alert, routes[0], now)
        if accepted_at is not None:
            self._state.accepted[alert.id] = accepted_at
        for route in routes:
            group = self._group_for(alert, route, incident, now)
            self._state.enter(alert, group)
            wait = (
                self._policy.first_wait(route, incident.severity)
                if group.notified_at is None
                else max(group.notified_at + route.group_interval - now, timedelta(0))
            )
            if incident.severity == "critical":
                wait = min(wait, route.group_wait)
            self._set_timer(group, now + wait)
        self.telling.alert_event("alert.firing", alert, now)

    def _group_for(self, alert: Alert, route: Route, incident: Incident, now: datetime) -> Group:
        labels = route.group_labels(alert.labels)
        key = _key(route, labels)
        group = self._state.groups.get(key)
        if group is not None and group.incident != incident.number:
            # The group of an incident that is over: what ended in it is told before it goes.
            self._tell_ended(group, now)
            self._state.drop_group(group)
            group = None
        if group is None:
            group = Group(key=key, route=route.path, labels=labels, incident=incident.number)
            self._state.groups[key] = group
        return group

    def cleared(self, alert: Alert, now: datetime) -> None:
        """An alert resolved: its groups tell it; an incident with nothing left is resolved."""
        state = self._state
        incident = state.incidents.get(alert.incident or 0)
        if incident is not None:
            text = say("timeline.alert_resolved", self._policy.language, id=alert.short_id)
            self.note(incident.number, now, "alert_resolved", "tocsin", text)
            self.telling.alert_event("alert.resolved", alert, now)
            if not state.any_fires(incident.number):
                self._nothing_fires(incident, now)
        for group in [state.groups[k] for k in state.groups_of.get(alert.id, set())]:
            route = self._routes[group.route]
            if not group.members[alert.id]:
                state.leave(alert.id, group)  # it came and went before anyone was told
                if not group.members:
                    state.drop_group(group)
            elif group.notified_at is not None:
                self._set_timer(group, max(now, group.notified_at + route.group_interval))
        if alert.id not in state.groups_of:
            state.forget(alert.id)

    def _nothing_fires(self, incident: Incident, now: datetime) -> None:
        if incident.held:
            incident.held = False
            self._state.keep_incident(incident)
            self._watch(incident)
            self.touch(incident, now)
        elif incident.status != "resolved":
            self.close(incident, now, by="", comment="")

    # Incidents

    def _incident_for(self, alert: Alert, route: Route, now: datetime) -> Incident:
        state, language = self._state, self._policy.language
        key = _key(route, route.group_labels(alert.labels))
        incident = state.incidents.get(state.open_incidents.get(key, 0))
        if incident is not None and incident.held:
            incident = None  # a person closed it on what fired then; this one is new
        if incident is None:
            incident = self._reopenable(key, now)
            if incident is not None:
                self.reopen(incident, now, by="", comment="")
        if incident is None:
            incident = self._open(key, alert, route, now)
        if alert.incident != incident.number:
            state.firing_of.get(alert.incident or 0, set()).discard(alert.id)
            alert.incident = incident.number
            state.firing_of.setdefault(incident.number, set()).add(alert.id)
            incident.alert_count += 1
            text = say("timeline.alert", language, id=alert.short_id, summary=alert.summary)
            self.note(incident.number, now, "alert", alert.source, text)
            state.changes.alerts[alert.id] = alert
        if RANK[alert.severity] > RANK[incident.severity]:
            incident.severity = alert.severity
            text = say("timeline.severity", language, severity=alert.severity)
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
        self._state.keep_incident(incident)
        text = say("timeline.triggered", self._policy.language, title=incident.title)
        self.note(incident.number, now, "triggered", "tocsin", text)
        self.work("enrich", incident)
        self.telling.incident_event("incident.triggered", incident, now)
        return incident

    def _reopenable(self, key: str, now: datetime) -> Incident | None:
        """The newest incident of this key, when it resolved by itself a moment ago."""
        incident = self._state.incidents.get(self._state.closed_incidents.get(key, 0))
        if incident is None or incident.resolved_by or incident.resolved_at is None:
            return None
        return incident if now - incident.resolved_at <= REOPEN_WITHIN else None

    def close(self, incident: Incident, now: datetime, *, by: str, comment: str) -> None:
        """Resolve an incident: by a person, or by itself (`by` empty)."""
        language = self._policy.language
        incident.status = "resolved"
        incident.resolved_at = now
        incident.resolved_by = by
        incident.resolution = comment or incident.resolution
        incident.ack_until = None
        incident.held = bool(by) and self._state.any_fires(incident.number)
        self._state.keep_incident(incident)
        text = (
            say("timeline.resolved", language, by=by, comment=comment)
            if by
            else say("timeline.resolved_auto", language)
        )
        self.note(incident.number, now, "resolved", by or "tocsin", text)
        self.touch(incident, now)
        self._watch(incident)
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
        self._state.keep_incident(incident)
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
            Work(
                kind=kind,
                payload={"incident": incident.number},
                key=f"{kind}:{incident.number}",
            )
        )

    # Timers

    def _set_timer(self, group: Group, at: datetime) -> None:
        if group.flush_at is None or at < group.flush_at:
            group.flush_at = at
            heapq.heappush(self._timers, (at, group.key))
            self._state.changes.groups.add(group.key)

    def next_due(self) -> datetime | None:
        """The earliest timer of a group or an incident."""
        firsts = [t[0][0] for t in (self._timers, self._incident_timers) if t]
        return min(firsts, default=None)

    def tick(self, now: datetime, view: View) -> None:
        """Tell the groups whose time has come; end acknowledgements that ran out."""
        while self._timers and self._timers[0][0] <= now:
            due, key = heapq.heappop(self._timers)
            group = self._state.groups.get(key)
            if group is not None and group.flush_at == due:
                self._flush(group, now, view)
        while self._incident_timers and self._incident_timers[0][0] <= now:
            _due, number = heapq.heappop(self._incident_timers)
            incident = self._state.incidents.get(number)
            if incident is None:
                continue
            if incident.ack_until and incident.ack_until <= now:
                self._end_acknowledgement(incident, now)
            if incident.held and self._held_until(incident) <= now:
                self._release(incident, now)
            elif incident.resolved_at and not incident.held:
                self._forget(incident, now)

    def _watch(self, incident: Incident) -> None:
        """See to it that the incident is looked at when its next moment comes."""
        if incident.ack_until:
            heapq.heappush(self._incident_timers, (incident.ack_until, incident.number))
        if incident.held:
            due = self._held_until(incident)
            heapq.heappush(self._incident_timers, (due, incident.number))
        elif incident.resolved_at:
            due = incident.resolved_at + REOPEN_WITHIN + timedelta(milliseconds=1)
            heapq.heappush(self._incident_timers, (due, incident.number))

    def _held_until(self, incident: Incident) -> datetime:
        route = self._routes.get(incident.key.split(":", 1)[0], self._policy.route)
        return (incident.resolved_at or incident.updated_at) + route.repeat_interval

    def _release(self, incident: Incident, now: datetime) -> None:
        """It was resolved by a person and still fires after repeat_interval: that is news."""
        incident.held = False
        self._state.keep_incident(incident)
        self._watch(incident)
        self.touch(incident, now)
        firing = [self._state.alerts[i] for i in self._state.firing_of.get(incident.number, set())]
        for alert in sorted(firing, key=lambda a: a.number):
            self.join(alert, now, None)

    def acknowledged(self, incident: Incident, now: datetime) -> None:
        """Someone works on it, maybe for a while only."""
        self.touch(incident, now)
        self._watch(incident)

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
                alerts = self._members(group)
                firing = [a for a in alerts if a.status == "firing" and group.members[a.id]]
                if firing:
                    self.telling.tell("update", incident, self._routes[group.route], firing, now)

    def _forget(self, incident: Incident, now: datetime) -> None:
        if incident.resolved_at and now - incident.resolved_at > REOPEN_WITHIN:
            self._state.forget_incident(incident)

    # Telling

    def _flush(self, group: Group, now: datetime, view: View) -> None:
        """Tell what is new in a group, if anything is; then set its next timer."""
        state, route = self._state, self._routes[group.route]
        group.flush_at = None
        state.changes.groups.add(group.key)
        incident = state.incidents.get(group.incident)
        if incident is None:
            state.drop_group(group)
            return
        if incident.held:
            return
        fresh, ended, still = [], [], []
        for alert in self._members(group):
            told = group.members[alert.id]
            if alert.status == "resolved":
                ended.append(alert)
                continue
            stages = pipeline.run(alert, view, pipeline.MUTES)
            if stages[-1].verdict == "suppressed":
                self._record(alert, now, stages)
                state.suppressed[alert.id] = None
                continue
            still.append(alert)
            if told != f"firing:{alert.severity}":
                fresh.append(alert)
        self._tell(group, incident, route, now, fresh, ended, still)
        for alert in ended:
            state.leave(alert.id, group)
        if not group.members:
            state.drop_group(group)
        elif still and incident.status == "triggered":
            self._set_timer(group, (group.notified_at or now) + route.repeat_interval)

    def _members(self, group: Group) -> list[Alert]:
        """The alerts of a group, oldest first."""
        alerts = [self._state.alerts[i] for i in group.members if i in self._state.alerts]
        return sorted(alerts, key=lambda a: a.number)

    def _tell_ended(self, group: Group, now: datetime) -> None:
        incident = self._state.incidents.get(group.incident)
        ended = [a for a in self._members(group) if a.status == "resolved"]
        if incident is not None and ended:
            self.telling.tell("resolved", incident, self._routes[group.route], ended, now)

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
            self._state.told(alert.id, group, f"firing:{alert.severity}")
            stages = self._state.stages.get(alert.id, ())
            told = StageVerdict("notify", "notified", "notified", route.receiver)
            self._record(alert, now, (*(s for s in stages if s.stage != "notify"), told))
        if fresh or ended or repeat:
            group.notified_at = now


def _walk(route: Route) -> Iterator[Route]:
    yield route
    for child in route.children:
        yield from _walk(child)


def _key(route: Route, labels: dict[str, str]) -> str:
    return f"{route.path}:{orjson.dumps(labels, option=orjson.OPT_SORT_KEYS).decode()}"
