"""Incidents: opened by their first alert, resolved with their last one or by a person.

Their key is the first matching route with the group's labels; one is open a key. Their timers:
an acknowledgement for a while ends, what a person resolved while it fired comes back, and what is
over for long enough is forgotten (the store keeps it).
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from datetime import datetime, timedelta

import orjson

from core.decide.policy import Policy
from core.decide.route import Route
from core.decide.state import REOPEN_WITHIN, State
from core.decide.telling import Telling
from core.ids import uuid7
from core.model.alert import Alert
from core.model.event import RANK
from core.model.incident import Incident, TimelineEntry
from core.model.work import Work
from core.text import say


def group_key(route: Route, labels: dict[str, str]) -> str:
    """What tells a group of a route, and its incident, from all others."""
    return f"{route.path}:{orjson.dumps(labels, option=orjson.OPT_SORT_KEYS).decode()}"


class Incidents:
    """Owns incidents and their timers. Part of the fold; does no I/O."""

    def __init__(
        self, policy: Policy, state: State, telling: Telling, routes: dict[str, Route]
    ) -> None:
        self._policy = policy
        self._state = state
        self._telling = telling
        self._routes = routes
        self._timers: list[tuple[datetime, int]] = []
        self.on_change: Callable[[Incident, datetime], None] = lambda incident, now: None
        for incident in state.incidents.values():
            self._watch(incident)

    def for_alert(self, alert: Alert, route: Route, now: datetime) -> Incident:
        """The open incident that `alert` belongs to from now on; a new one when there is none."""
        state, language = self._state, self._policy.language
        key = group_key(route, route.group_labels(alert.labels))
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
            if incident.status == "acknowledged":
                self._retrigger(incident, now)
            self._telling.incident_event("incident.updated", incident, now)
        self.touch(incident, now)
        return incident

    def _retrigger(self, incident: Incident, now: datetime) -> None:
        """It got worse than what was acknowledged: someone must look again."""
        incident.status, incident.ack_until = "triggered", None
        incident.acknowledged_at, incident.acknowledged_by = None, ""
        text = say("timeline.retriggered", self._policy.language)
        self.note(incident.number, now, "unacknowledged", "tocsin", text)

    def _open(self, key: str, alert: Alert, route: Route, now: datetime) -> Incident:
        incident = Incident(
            id=uuid7(),
            number=self._state.number("INC"),
            key=key,
            title=alert.title[:200],
            severity=alert.severity,
            labels=route.group_labels(alert.labels),
            started_at=now,
            updated_at=now,
        )
        self._state.keep_incident(incident)
        text = say("timeline.triggered", self._policy.language, title=incident.title)
        self.note(incident.number, now, "triggered", "tocsin", text)
        self.work("enrich", incident)
        self._telling.incident_event("incident.triggered", incident, now)
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
        self._telling.incident_event("incident.resolved", incident, now)

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
        self._telling.incident_event("incident.updated", incident, now)

    def note(self, number: int, at: datetime, kind: str, by: str, text: str) -> None:
        """One more line of an incident's timeline."""
        self._state.changes.timeline.append((number, TimelineEntry(at, kind, by, text.strip())))

    def touch(self, incident: Incident, now: datetime) -> None:
        """The incident changed."""
        incident.updated_at = now
        self._state.changes.incidents[incident.number] = incident
        self.on_change(incident, now)

    def work(self, kind: str, incident: Incident) -> None:
        """Ask for slow work on an incident, once while it is unfinished."""
        self._state.changes.tasks.append(
            Work(
                kind=kind,
                payload={"incident": incident.number},
                key=f"{kind}:{incident.number}",
            )
        )

    def nothing_fires(self, incident: Incident, now: datetime) -> None:
        """Its last alert cleared."""
        if incident.held:
            incident.held = False
            self._state.keep_incident(incident)
            self._watch(incident)
            self.touch(incident, now)
        elif incident.status != "resolved":
            self.close(incident, now, by="", comment="")

    def acknowledged(self, incident: Incident, now: datetime) -> None:
        """Someone works on it, maybe for a while only."""
        self.touch(incident, now)
        self._watch(incident)

    # Timers

    def next_due(self) -> datetime | None:
        """The earliest timer."""
        return self._timers[0][0] if self._timers else None

    def tick(self, now: datetime) -> tuple[list[Incident], list[Alert]]:
        """Do what has become due.

        Returns incidents whose acknowledgement ended, and alerts that a person resolved and that
        fire still: their groups must know.
        """
        back: list[Incident] = []
        released: list[Alert] = []
        while self._timers and self._timers[0][0] <= now:
            _due, number = heapq.heappop(self._timers)
            incident = self._state.incidents.get(number)
            if incident is None:
                continue
            if incident.ack_until and incident.ack_until <= now:
                self._end_acknowledgement(incident, now)
                if incident.status == "triggered":
                    back.append(incident)
            if incident.held and self._held_until(incident) <= now:
                released += self._release(incident, now)
            elif incident.resolved_at and not incident.held:
                self._forget(incident, now)
        return back, released

    def _watch(self, incident: Incident) -> None:
        """See to it that the incident is looked at when its next moment comes."""
        if incident.ack_until:
            heapq.heappush(self._timers, (incident.ack_until, incident.number))
        if incident.held:
            due = self._held_until(incident)
            heapq.heappush(self._timers, (due, incident.number))
        elif incident.resolved_at:
            due = incident.resolved_at + REOPEN_WITHIN + timedelta(milliseconds=1)
            heapq.heappush(self._timers, (due, incident.number))

    def _held_until(self, incident: Incident) -> datetime:
        route = self._routes.get(incident.key.split(":", 1)[0], self._policy.route)
        return (incident.resolved_at or incident.updated_at) + route.repeat_interval

    def _release(self, incident: Incident, now: datetime) -> list[Alert]:
        """It was resolved by a person and still fires after repeat_interval: that is news."""
        incident.held = False
        self._state.keep_incident(incident)
        self._watch(incident)
        self.touch(incident, now)
        firing = [self._state.alerts[i] for i in self._state.firing_of.get(incident.number, set())]
        return sorted(firing, key=lambda a: a.number)

    def _end_acknowledgement(self, incident: Incident, now: datetime) -> None:
        incident.ack_until = None
        if incident.status == "acknowledged":
            incident.status = "triggered"
            incident.acknowledged_at, incident.acknowledged_by = None, ""
            text = say("timeline.ack_ended", self._policy.language)
            self.note(incident.number, now, "unacknowledged", "tocsin", text)
        self.touch(incident, now)

    def _forget(self, incident: Incident, now: datetime) -> None:
        if incident.resolved_at is None or now - incident.resolved_at <= REOPEN_WITHIN:
            return
        if self._state.groups_for.get(incident.number):
            # A group is still to tell its end.
            heapq.heappush(self._timers, (now + timedelta(minutes=1), incident.number))
        else:
            self._state.forget_incident(incident)
