"""The fold: events in, alerts, incidents and notifications out. It does no I/O.

Every method takes the moment it happens at; what it changed stands in `state.changes` until
the loop commits it. After a failed commit the loop throws the fold away and loads it anew.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from datetime import datetime, timedelta

from core import metrics
from core.decide import pipeline
from core.decide.condition.conditions import Conditions
from core.decide.grouping import Grouping
from core.decide.inhibitors import Inhibitors
from core.decide.policy import Policy
from core.decide.signal import Evaluate, Signal, signals_of
from core.decide.state import State
from core.decide.view import View
from core.ids import uuid7
from core.model.alert import Alert
from core.model.decision import Decision, StageVerdict
from core.model.event import RANK, Event

# How often alerts that are suppressed are asked about again: silences end, sources clear.
_REVIEW = timedelta(seconds=5)
_REVIEWED_AT_ONCE = 500


class Fold:
    """Decides. One at a time: it is not safe to call from several tasks at once."""

    def __init__(self, policy: Policy, state: State, evaluate: Evaluate) -> None:
        self.policy = policy
        self.state = state
        self.grouping = Grouping(policy, state, self.record, self._view)
        self._evaluate = evaluate
        self._conditions = Conditions(policy.rules, state)
        self._inhibitors = Inhibitors(policy.inhibitions)
        self._expiry: list[tuple[datetime, str]] = []
        self._reviewed: datetime | None = None
        for alert in state.alerts.values():
            self._watch(alert)
            if alert.status != "firing":
                continue
            self._inhibitors.add(alert)
            if alert.id not in state.groups_of:
                state.suppressed[alert.id] = None  # the routes changed: decide on it anew

    # Events

    def event(self, event: Event, accepted_at: datetime, now: datetime) -> None:
        """Take one accepted event."""
        self._conditions.heard(accepted_at)
        for signal in signals_of(event, self._evaluate):
            if signal.clears_rule:
                self._clear_rule(signal, now)
            elif signal.status == "resolved" or (signal.ends_at and signal.ends_at <= now):
                self._resolve_fingerprint(signal, now)
            elif (due := self._conditions.judge(signal, accepted_at, now)) is not None:
                self._fire(due, accepted_at, now)

    def _fire(self, signal: Signal, accepted_at: datetime, now: datetime) -> None:
        known = self.state.by_fingerprint.get(signal.fingerprint)
        alert = self.state.alerts.get(known) if known else None
        if alert is None:
            alert = self._begin(signal, now)
            fresh = True
        else:
            alert.count += 1
            alert.last_seen = max(alert.last_seen, signal.at)
            alert.starts_at = min(alert.starts_at, signal.starts_at or alert.starts_at)
            alert.ends_at = self._later_end(alert, signal)
            alert.annotations = signal.annotations or alert.annotations
            fresh = RANK[signal.severity] > RANK[alert.severity]
            if signal.severity != alert.severity:
                self._inhibitors.remove(alert)
                alert.severity = signal.severity
                alert.labels = signal.labels
                self._inhibitors.add(alert)
            self.state.changes.alerts[alert.id] = alert
            if signal.ends_at:
                self._watch(alert)
        self._decide(alert, now, fresh=fresh, accepted_at=accepted_at)

    def _later_end(self, alert: Alert, signal: Signal) -> datetime | None:
        """When an alert that is told again will end by itself (Alertmanager's rule): an end that
        was named stands until a later one is named, or the timeout that begins now goes beyond."""
        named = alert.ends_at
        if named is None or signal.ends_at is not None:
            return signal.ends_at if named is None else max(named, signal.ends_at or named)
        after = self.policy.expires_after(alert.source, alert.rule)
        return named if after is not None and named > signal.at + after else None

    def _begin(self, signal: Signal, now: datetime) -> Alert:
        alert = Alert(
            id=uuid7(),
            number=self.state.number("ALT"),
            fingerprint=signal.fingerprint,
            severity=signal.severity,
            labels=signal.labels,
            annotations=signal.annotations,
            first_seen=min(signal.at, now),
            last_seen=min(signal.at, now),
            starts_at=signal.starts_at or min(signal.at, now),
            ends_at=signal.ends_at,
            source=signal.source,
            rule=signal.rule,
            links=signal.links,
        )
        self.state.keep(alert)
        self._inhibitors.add(alert)
        self.state.changes.alerts[alert.id] = alert
        self._watch(alert)
        return alert

    def _resolve_fingerprint(self, signal: Signal, now: datetime) -> None:
        known = self.state.by_fingerprint.get(signal.fingerprint)
        if known:
            self.resolve(self.state.alerts[known], min(signal.ends_at or signal.at, now), now)

    def _clear_rule(self, signal: Signal, now: datetime) -> None:
        """A rule's resolve line ends those of its alerts that agree with all it says."""
        said = {k: v for k, v in signal.labels.items() if k not in {"alertname", "severity"}}
        firing = self.state.by_rule.get(signal.rule, set())
        for alert in [self.state.alerts[i] for i in firing]:
            if all(alert.labels.get(k, v) == v for k, v in said.items()):
                self.resolve(alert, min(signal.at, now), now)

    def resolve(self, alert: Alert, ended: datetime, now: datetime) -> None:
        """An alert's firing episode is over."""
        alert.status = "resolved"
        alert.ends_at = ended
        self.state.end(alert)
        self._inhibitors.remove(alert)
        self.state.changes.alerts[alert.id] = alert
        self.record(alert, now, (StageVerdict("resolve", "recorded", "resolved"),))
        self.grouping.cleared(alert, now)

    # Deciding

    @property
    def inhibitors(self) -> Inhibitors:
        """The firing alerts that may explain others."""
        return self._inhibitors

    def firing(self) -> Iterable[Alert]:
        """The alerts that fire now."""
        return (self.state.alerts[i] for i in self.state.by_fingerprint.values())

    def _view(self, now: datetime, *, fresh: bool = True) -> View:
        return View(
            now=now,
            silences=self.state.silences,
            inhibitors=self._inhibitors,
            route=self.policy.route,
            held=self.grouping.held,
            fresh=fresh,
            maintenances=self.policy.maintenances,
        )

    def _decide(
        self, alert: Alert, now: datetime, *, fresh: bool, accepted_at: datetime | None = None
    ) -> None:
        stages, last = pipeline.run(alert, self._view(now, fresh=fresh))
        if last.reason == "duplicate":
            metrics.DECISIONS.labels(last.kind, last.reason).inc()
            return
        self.record(alert, now, stages)
        if last.kind == "suppressed":
            self.state.suppressed[alert.id] = None
            return
        self.grouping.join(alert, now, accepted_at)

    def record(self, alert: Alert, now: datetime, stages: tuple[StageVerdict, ...]) -> None:
        """Keep why; only when it differs from what was decided last."""
        last = stages[-1]
        metrics.DECISIONS.labels(last.verdict, last.reason).inc()
        if self.state.stages.get(alert.id) == stages:
            return
        self.state.stages[alert.id] = stages
        self.state.changes.decisions.append(
            Decision(alert.id, now, last.verdict, last.reason, stages)
        )

    # Time

    def tick(self, now: datetime) -> None:
        """Do what has become due: ends by silence, suppressed alerts, group timers, snoozes."""
        while self._expiry and self._expiry[0][0] <= now:
            _due, alert_id = heapq.heappop(self._expiry)
            alert = self.state.alerts.get(alert_id)
            if alert is None or alert.status != "firing":
                continue
            due = self._expires_at(alert)
            if due is not None and due <= now:
                self.resolve(alert, due, now)
            else:
                self._watch(alert)
        if self._reviewed is None or now - self._reviewed >= _REVIEW:
            self._reviewed = now
            self._review(now)
        self.grouping.tick(now)

    def _review(self, now: datetime) -> None:
        """Ask again about suppressed alerts, those that waited longest first; drop what is over."""
        for alert_id in list(self.state.suppressed)[:_REVIEWED_AT_ONCE]:
            self.state.suppressed[alert_id] = self.state.suppressed.pop(alert_id)
            self._decide(self.state.alerts[alert_id], now, fresh=True)
        self.state.silences = [s for s in self.state.silences if s.ends_at > now]
        self._conditions.review(now)

    def next_due(self) -> datetime | None:
        """When `tick` has something to do next, as far as is known."""
        times = [self._expiry[0][0]] if self._expiry else []
        group_due = self.grouping.next_due()
        return min([*times, group_due] if group_due else times, default=None)

    def _expires_at(self, alert: Alert) -> datetime | None:
        if alert.ends_at is not None:
            return alert.ends_at
        after = self.policy.expires_after(alert.source, alert.rule)
        return alert.last_seen + after if after is not None else None

    def _watch(self, alert: Alert) -> None:
        due = self._expires_at(alert) if alert.status == "firing" else None
        if due is not None:
            heapq.heappush(self._expiry, (due, alert.id))
