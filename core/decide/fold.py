"""The fold: events in, alerts, incidents and notifications out. It does no I/O.

Every method takes the moment it happens at; what it changed stands in `state.changes` until
the loop commits it. After a failed commit the loop throws the fold away and loads it anew.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from core import metrics
from core.decide import pipeline
from core.decide.condition.conditions import Conditions
from core.decide.grouping import Grouping
from core.decide.histories import Histories
from core.decide.inhibitors import Inhibitors
from core.decide.policy import Policy
from core.decide.put_back import settle_alerts
from core.decide.reminders import Reminders
from core.decide.resolve import ENDS
from core.decide.signal import Evaluate, Signal, signals_of
from core.decide.state import State
from core.decide.view import View
from core.ids import uuid7
from core.model.alert import Alert
from core.model.decision import Decision, StageVerdict
from core.model.event import RANK, Event
from core.model.shared import shared, shared_stages

# How often alerts that are suppressed are asked about again: silences end, sources clear.
_REVIEW = timedelta(seconds=1)
_REVIEWED_AT_ONCE = 500
_STEP = timedelta(seconds=1)  # back, that is worth looking at every timer
Cleared = Literal["resolved", "timeout", "calm"]


class Fold:
    """Decides. One at a time: it is not safe to call from several tasks at once."""

    def __init__(
        self, policy: Policy, state: State, evaluate: Evaluate, *, gaps: bool = True
    ) -> None:
        """gaps: as in Conditions."""
        self.counts = True  # in the metrics; not where events are only tried
        self.policy = policy
        self.state = state
        self._histories = Histories(policy.flapping, policy.dampings, state)
        self.grouping = Grouping(policy, state, self.record, self._view)
        self._reminders = Reminders(policy, state, self.grouping.telling)
        self._evaluate = evaluate
        self._conditions = Conditions(policy, state, gaps=gaps)
        self._inhibitors = Inhibitors(policy.inhibitions)
        self._expiry: list[tuple[datetime, str]] = []
        self._reviewed: int | None = None
        self._ticked: datetime | None = None
        for alert in state.alerts.values():
            self._watch(alert)
            if alert.status != "firing":
                continue
            self._inhibitors.add(alert)
            if alert.id not in state.groups_of:
                state.suppressed[alert.id] = None  # the routes changed: decide on it anew

    def set_rules(self, policy: Policy, evaluate: Evaluate) -> None:
        """Other rules are in force from now on; nothing else of the policy has changed. What a
        rule remembers stays while its condition does; alerts of rules that changed end by the
        new terms."""
        old, rules = self.policy.rules, policy.rules
        self.policy = policy
        self._evaluate = evaluate
        self._conditions = self._conditions.of_other_rules(policy)
        for name in old.keys() | rules.keys():
            if old.get(name) != rules.get(name):
                for alert_id in self.state.by_rule.get(name, ()):
                    self._watch(self.state.alerts[alert_id])

    # Events

    def event(self, event: Event, accepted_at: datetime, now: datetime) -> None:
        """Take one accepted event."""
        self._conditions.heard(accepted_at)
        signals = signals_of(event, self._evaluate, self.state.templates.learn)
        for signal in map(self.policy.adjusted, signals):
            if signal.clears_rule:
                self._clear_rule(signal, now)
            elif signal.status == "resolved" or (signal.ends_at and signal.ends_at <= now):
                self._clear_fingerprint(signal, now)
            elif (judged := self._conditions.judge(signal, accepted_at, now)) is None:
                continue
            elif judged.status == "resolved":
                self._clear_fingerprint(judged, now)
            else:
                self._fire(judged, accepted_at, now)

    def _fire(self, signal: Signal, accepted_at: datetime, now: datetime) -> None:
        known = self.state.by_fingerprint.get(signal.fingerprint)
        alert = self.state.alerts.get(known) if known else None
        self._histories.take(signal, alert, now, firing=True)
        if alert is None:
            alert = self._begin(signal, now)
            fresh = True
        else:
            alert.count += 1
            alert.last_seen = max(alert.last_seen, signal.at)
            alert.starts_at = min(alert.starts_at, signal.starts_at or alert.starts_at)
            alert.ends_at = self._later_end(alert, signal)
            if signal.annotations and signal.annotations != alert.annotations:
                alert.annotations = shared(signal.annotations)
            fresh = RANK[signal.severity] > RANK[alert.severity] or self._unconfirmed(alert)
            if signal.severity != alert.severity:
                self._inhibitors.remove(alert)
                alert.severity = signal.severity
                alert.labels = shared(signal.labels)
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
            identified_by=signal.identified_by,
            severity=signal.severity,
            labels=shared(signal.labels),
            annotations=shared(signal.annotations),
            first_seen=min(signal.at, now),
            last_seen=min(signal.at, now),
            starts_at=signal.starts_at or min(signal.at, now),
            ends_at=signal.ends_at,
            source=signal.source,
            rule=signal.rule,
            links=signal.links,
        )
        alert.flapping = self._histories.starts_flapping(alert, now)
        self.state.keep(alert)
        self._inhibitors.add(alert)
        self.state.changes.alerts[alert.id] = alert
        self._watch(alert)
        return alert

    def _unconfirmed(self, alert: Alert) -> bool:
        """Whether it waits for more firing signals, of which this may be the last one needed."""
        if alert.id not in self.state.suppressed:
            return False
        stages = self.state.stages.get(alert.id, ())
        return bool(stages) and stages[-1].stage == "flapping"

    def _clear_fingerprint(self, signal: Signal, now: datetime) -> None:
        known = self.state.by_fingerprint.get(signal.fingerprint)
        alert = self.state.alerts[known] if known else None
        self._histories.take(signal, alert, now, firing=False)
        if alert is not None:
            self.clear(alert, "resolved", min(signal.ends_at or signal.at, now), now)

    def _clear_rule(self, signal: Signal, now: datetime) -> None:
        """A rule's resolve line ends those of its alerts that agree with all it says."""
        said = {k: v for k, v in signal.labels.items() if k not in {"alertname", "severity"}}
        firing = self.state.by_rule.get(signal.rule, set())
        for alert in [self.state.alerts[i] for i in firing]:
            if all(alert.labels.get(k, v) == v for k, v in said.items()):
                own = msgspec.structs.replace(signal, fingerprint=alert.fingerprint)
                self._histories.take(own, alert, now, firing=False)
                self.clear(alert, "resolved", min(signal.at, now), now)

    def clear(self, alert: Alert, how: Cleared, ended: datetime, now: datetime) -> None:
        """An alert clears; that ends its episode unless it flaps or is damped."""
        view = msgspec.structs.replace(self._view(now), clear=how)
        stages, last = pipeline.run(alert, view, pipeline.ENDS)
        if last.reason in ENDS:
            self._end(alert, stages, ended, now)
            return
        before = self.state.stages.get(alert.id, ())
        if alert.id not in self.state.suppressed:
            self.record(alert, now, pipeline.amended(before, stages))
        # Without another word from its source the one clear will do, after a while.
        alert.ends_at = None if alert.flapping else now + self.policy.resolve_timeout
        self.state.changes.alerts[alert.id] = alert
        self._watch(alert)

    def _end(
        self, alert: Alert, stages: tuple[StageVerdict, ...], ended: datetime, now: datetime
    ) -> None:
        alert.status = "resolved"
        alert.ends_at = ended
        alert.flapping = False
        self._histories.ended(alert, now)
        self.state.end(alert)
        self._inhibitors.remove(alert)
        self.state.changes.alerts[alert.id] = alert
        self.record(alert, now, stages)
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
            flapping=self.policy.flapping,
            damping=self._histories.damping,
            history=self._histories.of,
            regrades=self.policy.regrades,
            maintenances=self.policy.maintenances,
            beats=self.policy.beats,
            fresh=fresh,
        )

    def _decide(
        self, alert: Alert, now: datetime, *, fresh: bool, accepted_at: datetime | None = None
    ) -> None:
        stages, last = pipeline.run(alert, self._view(now, fresh=fresh))
        if last.reason == "duplicate":
            self._count(last.kind, last.reason)
            return
        self.record(alert, now, stages)
        if last.kind == "suppressed":
            self.state.suppressed[alert.id] = None
            return
        self.grouping.join(alert, now, accepted_at)

    def _count(self, verdict: str, reason: str) -> None:
        if self.counts:
            metrics.DECISIONS.labels(verdict, reason).inc()

    def record(self, alert: Alert, now: datetime, stages: tuple[StageVerdict, ...]) -> None:
        """Keep why; only when it differs from what was decided last."""
        last = stages[-1]
        self._count(last.verdict, last.reason)
        if self.state.stages.get(alert.id) == stages:
            return
        self.state.stages[alert.id] = shared_stages(stages)
        self.state.changes.decisions.append(
            Decision(
                alert.id,
                now,
                last.verdict,
                last.reason,
                stages,
                self.policy.rule_versions.get(alert.rule, 0),
            )
        )

    # Time

    def tick(self, now: datetime) -> None:
        """Do what has become due: ends by silence, what is missed, suppressed alerts, groups."""
        if self._ticked is None or now < self._ticked - _STEP:
            self._clock_went_back(now)
        self._ticked = now
        while self._expiry and self._expiry[0][0] <= now:
            _due, alert_id = heapq.heappop(self._expiry)
            alert = self.state.alerts.get(alert_id)
            if alert is None or alert.status != "firing":
                continue
            due = self._expires_at(alert)
            if due is None or due > now:
                self._watch(alert)
            elif alert.flapping:
                self._calm(alert, due, now)
            else:
                self.clear(alert, "timeout", due, now)
        for signal in map(self.policy.adjusted, self._conditions.tick(now)):
            self._fire(signal, now, now)
        turn = int(now.timestamp() / _REVIEW.total_seconds())
        if self._reviewed not in {None, turn}:
            self._review(now)
            self._reminders.tick(now)
        self._reviewed = turn  # by the clock: so a restart changes nothing
        self.grouping.tick(now)

    def _clock_went_back(self, now: datetime) -> None:
        """Also after a start: it may have gone back meanwhile."""
        self._reviewed = None
        for alert in settle_alerts(self.state, now):
            self._watch(alert)
        self.grouping.clock_went_back(now)

    def _calm(self, alert: Alert, due: datetime, now: datetime) -> None:
        """Nothing changed for so long: a flapping alert is over, or simply fires."""
        history = self._histories.of(alert.fingerprint)
        if history is None or not history.firing:
            self.clear(alert, "calm", due, now)
            return
        alert.flapping = False
        self.state.changes.alerts[alert.id] = alert
        self._watch(alert)

    def _review(self, now: datetime) -> None:
        """Ask again about suppressed alerts, those that waited longest first; drop what is over."""
        # In the order of their ids: a start leaves no other order.
        for alert_id in sorted(list(self.state.suppressed)[:_REVIEWED_AT_ONCE]):
            self.state.suppressed[alert_id] = self.state.suppressed.pop(alert_id)
            self._decide(self.state.alerts[alert_id], now, fresh=True)
        self.state.silences = [s for s in self.state.silences if s.ends_at > now]
        self._conditions.review(now)
        self._histories.review(now)

    def next_due(self) -> datetime | None:
        """When `tick` has something to do next, as far as is known."""
        times = [self._expiry[0][0]] if self._expiry else []
        times += [due for due in (self.grouping.next_due(), self._conditions.next_due()) if due]
        return min(times, default=None)

    def _expires_at(self, alert: Alert) -> datetime | None:
        if alert.flapping:
            return self._histories.calm_at(alert) or alert.last_seen
        if alert.ends_at is not None:
            return alert.ends_at
        after = self.policy.expires_after(alert.source, alert.rule)
        return alert.last_seen + after if after is not None else None

    def _watch(self, alert: Alert) -> None:
        due = self._expires_at(alert) if alert.status == "firing" else None
        if due is not None:
            heapq.heappush(self._expiry, (due, alert.id))
