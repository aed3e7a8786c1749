"""Escalation: while nobody acknowledges an incident, more and more people are told.

Each incident has one row with the step that comes next and when, committed with everything else:
a restart goes on where it was. Acknowledging pauses it, resolving ends it, and whoever takes an
acknowledgement back, or lets it run out, starts it again.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import msgspec

from core.decide import pipeline
from core.decide.plan import Plan, PlanStep
from core.decide.policy import Policy
from core.decide.route import Route
from core.decide.state import State
from core.decide.telling import MAX_ALERTS, Telling
from core.decide.view import View
from core.model.alert import Alert
from core.model.decision import StageVerdict
from core.model.escalating import Escalating, Escalation
from core.model.incident import Incident, TimelineEntry
from core.text import say

_ASK_AGAIN = timedelta(seconds=10)  # whether people may be told of it by now
_ASKED = 200  # alerts of one incident that are asked


class Escalations:
    """Owns the escalations of incidents and their timers. Part of the fold; does no I/O."""

    def __init__(
        self,
        policy: Policy,
        state: State,
        telling: Telling,
        routes: Mapping[str, Route],
        look: Callable[[datetime], View],
        record: Callable[[Alert, datetime, tuple[StageVerdict, ...]], None],
    ) -> None:
        self._policy = policy
        self._state = state
        self._telling = telling
        self._routes = routes
        self._look = look
        self._record = record
        self._timers: list[tuple[datetime, int]] = []
        for escalating in state.escalating.values():
            self._watch(escalating)

    # Following what becomes of an incident

    def follow(self, incident: Incident, now: datetime) -> None:
        """An incident changed: begin, pause or end its escalation."""
        known = self._state.escalating.get(incident.number)
        plan = self._plan(incident)
        if incident.status == "resolved" or plan is None:
            if known is not None:
                del self._state.escalating[incident.number]
                self._state.changes.escalations.add(incident.number)
        elif incident.status == "acknowledged":
            if known is not None and not known.paused:
                known.paused, known.waits, known.due_at = True, False, None
                self._keep(known)
        elif known is None or known.paused or known.policy != plan.name:
            due = now + plan.wait(0, 0)
            self._keep(Escalating(incident=incident.number, policy=plan.name, due_at=due))
        elif known.due_at is None and known.step == len(plan.steps) and self._is_grave(incident):
            # It became critical after the last step.
            known.due_at = now + plan.wait(known.cycle, known.step)
            self._keep(known)

    def _plan(self, incident: Incident) -> Plan | None:
        return self._policy.plans.get(self._route(incident).escalation)

    def _route(self, incident: Incident) -> Route:
        return self._routes.get(incident.key.split(":", 1)[0], self._policy.route)

    @staticmethod
    def _is_grave(incident: Incident) -> bool:
        return incident.severity == "critical"

    def _keep(self, escalating: Escalating) -> None:
        self._state.escalating[escalating.incident] = escalating
        self._state.changes.escalations.add(escalating.incident)
        self._watch(escalating)

    def _watch(self, escalating: Escalating) -> None:
        if escalating.due_at is not None:
            heapq.heappush(self._timers, (escalating.due_at, escalating.incident))

    # Timers

    def next_due(self) -> datetime | None:
        """The earliest timer."""
        return self._timers[0][0] if self._timers else None

    def tick(self, now: datetime) -> None:
        """Take the steps whose time has come."""
        while self._timers and self._timers[0][0] <= now:
            due, number = heapq.heappop(self._timers)
            escalating = self._state.escalating.get(number)
            if escalating is not None and escalating.due_at == due:
                self._due(escalating, now)

    def clock_went_back(self, now: datetime) -> None:
        """No step is farther away than its own wait, whatever the clock said before."""
        for number, escalating in self._state.escalating.items():
            incident = self._state.incidents.get(number)
            plan = self._plan(incident) if incident is not None else None
            if escalating.due_at is None or plan is None:
                continue
            latest = now + plan.wait(escalating.cycle, escalating.step)
            if escalating.due_at > latest:
                escalating.due_at = latest
                self._keep(escalating)

    def _due(self, escalating: Escalating, now: datetime) -> None:
        incident = self._state.incidents.get(escalating.incident)
        if incident is None:
            return
        plan = self._plan(incident)
        if plan is None or incident.status != "triggered" or escalating.policy != plan.name:
            self.follow(incident, now)  # the settings changed
            return
        alerts = self._tellable(incident, now)
        if alerts is None:
            self._wait(escalating, incident, now)
            return
        self._step(escalating, plan, incident, alerts, now)

    def _wait(self, escalating: Escalating, incident: Incident, now: datetime) -> None:
        """Nobody may be told of its alerts just now: ask again soon."""
        if not escalating.waits:
            escalating.waits = True
            self._state.changes.escalations.add(incident.number)
            text = say("timeline.escalation_waits", self._policy.language)
            self._note(incident, now, "escalation", "tocsin", text)
        escalating.due_at = now + _ASK_AGAIN
        self._watch(escalating)

    def _tellable(self, incident: Incident, now: datetime) -> list[Alert] | None:
        """Its firing alerts that people may be told of; None when there are only others."""
        firing = self._firing(incident)[:_ASKED]
        view = msgspec.structs.replace(self._look(now), node=self._route(incident))
        stages = pipeline.MUTES + pipeline.HOLDS
        told = [a for a in firing if not pipeline.run(a, view, stages)[1].stops]
        return None if firing and not told else told

    def _firing(self, incident: Incident) -> list[Alert]:
        ids = self._state.firing_of.get(incident.number, set())
        return sorted((self._state.alerts[i] for i in ids), key=lambda a: a.number)

    # Steps

    def _step(
        self,
        escalating: Escalating,
        plan: Plan,
        incident: Incident,
        alerts: list[Alert],
        now: datetime,
        by: str = "",
    ) -> None:
        """Tell the next step's people, and set the timer of the one after it."""
        cycle, index = escalating.cycle, escalating.step
        is_fallback = index >= len(plan.steps)
        step = plan.fallback if is_fallback else plan.steps[index]
        if not is_fallback or by or self._is_grave(incident):
            mark = Escalation(
                policy=plan.name,
                step=0 if is_fallback else index + 1,
                steps=len(plan.steps),
                cycle=cycle + 1,
                mention=step.mention,
                by=by,
            )
            self._call(incident, step, mark, alerts, now)
        before = escalating.due_at or now
        escalating.waits, escalating.due_at = False, None
        if not is_fallback:
            escalating.cycle, escalating.step = plan.following(cycle, index)
            wait = plan.wait(escalating.cycle, escalating.step)
            over = escalating.step == len(plan.steps) and not self._is_grave(incident)
            if not over and not escalating.paused:
                # On time, unless that is past as well: each step gets its time to be answered.
                on_time = before + wait
                escalating.due_at = on_time if on_time > now and not by else now + wait
        else:
            escalating.step = len(plan.steps) + 1
        self._keep(escalating)

    def _call(
        self,
        incident: Incident,
        step: PlanStep,
        mark: Escalation,
        alerts: list[Alert],
        now: datetime,
    ) -> None:
        route, language = self._route(incident), self._policy.language
        if mark.step == 0:
            route = self._policy.route  # whose receiver is the fallback when none is named
        channels = step.channels or route.channels
        notify = ", ".join(step.notify) or route.receiver or ", ".join(route.channels)
        values = {
            "policy": mark.policy,
            "step": str(mark.step),
            "steps": str(mark.steps),
            "cycle": str(mark.cycle),
            "notify": notify,
        }
        key = "timeline.escalation_step" if mark.step else "timeline.escalation_fallback"
        text = say(key, language, **values)
        if step.mention:
            text += say("timeline.escalation_calls", language, names=", ".join(step.mention))
        self._note(incident, now, "escalation", "tocsin", text)
        self._telling.escalate(incident, channels, alerts[:MAX_ALERTS], mark, now)
        verdict = StageVerdict("escalate", "notified", "escalated", mark.policy, text)
        for alert in alerts[:MAX_ALERTS]:
            before = self._state.stages.get(alert.id, ())
            self._record(alert, now, (*(s for s in before if s.stage != "escalate"), verdict))

    def _note(self, incident: Incident, now: datetime, kind: str, by: str, text: str) -> None:
        self._state.changes.timeline.append(
            (incident.number, TimelineEntry(now, kind, by, text.strip()))
        )

    def step_now(self, incident: Incident, by: str, now: datetime) -> bool:
        """A person wants the next step at once. False when its route has no policy.

        What is silenced is told all the same. Of an acknowledged incident the steps stay paused.
        """
        plan = self._plan(incident)
        if plan is None:
            return False
        number = incident.number
        escalating = self._state.escalating.get(number)
        if escalating is None or escalating.policy != plan.name:
            escalating = Escalating(
                incident=number,
                policy=plan.name,
                due_at=None,
                paused=incident.status == "acknowledged",
            )
        self._step(escalating, plan, incident, self._firing(incident), now, by)
        return True
