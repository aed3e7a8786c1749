"""Groups: alerts that belong together are told together.

Each matching route has its own group, whose timer says when its receiver is told: group_wait
after the first alert, then at most once a group_interval when something changed, and every
repeat_interval while it still fires and nobody acknowledged it (Alertmanager's rules).
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from datetime import datetime, timedelta
from sys import intern

import msgspec

from core.decide import pipeline
from core.decide.escalate import Escalations
from core.decide.incidents import Incidents, group_key
from core.decide.news import News, news_of
from core.decide.policy import Policy
from core.decide.put_back import settle_groups
from core.decide.route import Route, Throttle
from core.decide.state import Group, State
from core.decide.telling import Telling
from core.decide.throttle import Throttles, throttled
from core.decide.view import View
from core.model.alert import Alert
from core.model.decision import StageVerdict
from core.model.incident import Incident
from core.text import say

Record = Callable[[Alert, datetime, tuple[StageVerdict, ...]], None]
Look = Callable[[datetime], View]


class Grouping:
    """Owns groups and their timers. Part of the fold; does no I/O."""

    def __init__(self, policy: Policy, state: State, record: Record, look: Look) -> None:
        self._policy = policy
        self._state = state
        self._record = record
        self._look = look
        self._routes = {r.path: r for r in policy.route.walk()}
        self._timers: list[tuple[datetime, str]] = []
        self.telling = Telling(policy, state)
        self.incidents = Incidents(policy, state, self.telling, self._routes)
        self.escalations = Escalations(policy, state, self.telling, self._routes, look, record)
        self.incidents.on_change = self.escalations.follow
        for group in [g for g in state.groups.values() if g.route not in self._routes]:
            state.drop_group(group)  # the route tree changed since; its alerts join anew
        for group in state.groups.values():
            if group.flush_at:
                heapq.heappush(self._timers, (group.flush_at, group.key))
        self._held = {k for k, g in state.groups.items() if any(map(self._is_held, g.members))}
        self._throttles = Throttles(state)
        self._waiting: dict[str, set[str]] = {}
        for key, group in state.groups.items():
            if any(self._last_stage(i) == "throttle" for i in group.members):
                receiver = self._routes[group.route].receiver
                self._waiting.setdefault(receiver, set()).add(key)

    # Alerts come and go

    def held(self, alert: Alert) -> str:
        """The incident that a person resolved while this alert fires, or an empty text."""
        incident = self._state.incidents.get(alert.incident or 0)
        return incident.short_id if incident is not None and incident.held else ""

    def join(self, alert: Alert, now: datetime, accepted_at: datetime | None) -> None:
        """Put an alert into the groups of its routes, and set their timers.

        accepted_at: when the event was accepted that made it fire or get worse; None when
        nothing but our own mind changed.
        """
        self._state.suppressed.pop(alert.id, None)
        news = accepted_at is not None or alert.incident is None
        routes = self._policy.route.matching(alert.labels)
        incident = self.incidents.for_alert(alert, routes[0], now)
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
            if alert.severity == "critical":
                wait = min(wait, route.group_wait)
            self._set_timer(group, now + wait)
        if news:
            self.telling.alert_event("alert.firing", alert, now)

    def _group_for(self, alert: Alert, route: Route, incident: Incident, now: datetime) -> Group:
        labels = route.group_labels(alert.labels)
        key = group_key(route, labels)
        if key != incident.key:
            # A further route's labels may be those of several incidents: to each its own group.
            key = f"{key} {incident.short_id}"
        group = self._state.groups.get(key)
        if group is not None and group.incident != incident.number:
            # The group of an incident that is over: what ended in it is told before it goes.
            self._tell_ended(group, now)
            left = [a for a in self._members(group) if a.status == "firing"]
            self._state.drop_group(group)
            for one in left:  # a person resolved their incident; they are asked about again
                if one.id not in self._state.groups_of and one is not alert:
                    self._state.suppressed[one.id] = None
            group = None
        if group is None:
            group = Group(key=key, route=route.path, labels=labels, incident=incident.number)
            self._state.keep_group(group)
        return group

    def cleared(self, alert: Alert, now: datetime) -> None:
        """An alert resolved: its groups tell it; an incident with nothing left is resolved."""
        state = self._state
        incident = state.incidents.get(alert.incident or 0)
        if incident is not None:
            text = say("timeline.alert_resolved", self._policy.language, id=alert.short_id)
            self.incidents.note(incident.number, now, "alert_resolved", "tocsin", text)
            self.telling.alert_event("alert.resolved", alert, now)
            if not state.any_fires(incident.number):
                self.incidents.nothing_fires(incident, now)
        for group in [state.groups[k] for k in state.groups_of.get(alert.id, ())]:
            route = self._routes[group.route]
            if not group.members[alert.id]:
                state.leave(alert.id, group)  # it came and went before anyone was told
                if not group.members:
                    state.drop_group(group)
            elif group.notified_at is not None:
                self._set_timer(group, max(now, group.notified_at + route.group_interval))
        if alert.id not in state.groups_of:
            state.forget(alert.id)

    # Timers

    def _set_timer(self, group: Group, at: datetime) -> None:
        if group.flush_at is None or at < group.flush_at:
            group.flush_at = at
            heapq.heappush(self._timers, (at, group.key))
            self._state.changes.groups.add(group.key)

    def next_due(self) -> datetime | None:
        """The earliest timer of a group, an incident or an escalation."""
        own = self._timers[0][0] if self._timers else None
        times = (own, self.incidents.next_due(), self.escalations.next_due())
        return min((t for t in times if t is not None), default=None)

    def tick(self, now: datetime) -> None:
        """Tell the groups whose time has come; let incidents do what is due."""
        while self._timers and self._timers[0][0] <= now:
            due, key = heapq.heappop(self._timers)
            group = self._state.groups.get(key)
            if group is not None and group.flush_at == due:
                self._flush(group, now)
        back, released = self.incidents.tick(now)
        for incident in back:
            self.remind(incident, now)
        for alert in released:
            self.join(alert, now, None)
        self.escalations.tick(now)

    def clock_went_back(self, now: datetime) -> None:
        """No message is farther away than its own wait, whatever the clock said before."""
        for group in settle_groups(self._state, self._policy, self._routes, now):
            if group.flush_at is not None:
                heapq.heappush(self._timers, (group.flush_at, group.key))
        self.escalations.clock_went_back(now)

    def remind(self, incident: Incident, now: datetime) -> None:
        """Set the timers of an incident's groups so that what fires is told again."""
        for group in self._groups_of(incident):
            route = self._routes[group.route]
            told_at = group.notified_at
            self._set_timer(group, max(now, told_at + route.repeat_interval) if told_at else now)

    def tell_again(self, incident: Incident, now: datetime) -> None:
        """Tell an incident's receivers what still fires, whatever was told before."""
        for group in self._groups_of(incident):
            alerts = self._members(group)
            firing = [a for a in alerts if a.status == "firing" and group.members[a.id]]
            if firing:
                self.telling.tell("update", incident, self._routes[group.route], firing, now)

    def _groups_of(self, incident: Incident) -> list[Group]:
        keys = self._state.groups_for.get(incident.number, set())
        return [self._state.groups[key] for key in sorted(keys)]

    # Telling

    def _flush(self, group: Group, now: datetime) -> None:
        """Tell what is new in a group, if anything is; then set its next timer."""
        group.flush_at = None
        self._state.changes.groups.add(group.key)
        news = self._ask(group, now)
        if news is None:
            return
        throttle = news.route.throttle
        if throttle is None:
            self._tell([news], now)
        else:
            self._tell_within(throttle, news, now)

    def _ask(self, group: Group, now: datetime) -> News | None:
        """What a group has to tell; what is muted goes. None when nothing may be told of it."""
        state = self._state
        incident = state.incidents.get(group.incident)
        if incident is None:
            state.drop_group(group)
            return None
        if incident.held:
            return None
        route = self._routes[group.route]
        news = news_of(group, incident, route, self._members(group), self._look(now))
        for alert in news.muted:
            self._explain(alert, now, news.asked[alert.id])
            if alert.status == "resolved":
                # As in Alertmanager: what is muted at its end is not told to be over.
                state.leave(alert.id, group)
            else:
                state.suppressed[alert.id] = None
        for alert in news.held:
            self._explain(alert, now, news.asked[alert.id])
        if news.held:
            self._held.add(group.key)
        else:
            self._held.discard(group.key)
        return news

    def _tell_within(self, throttle: Throttle, news: News, now: datetime) -> None:
        """Tell a receiver that may be told only so often: with what waited for it, or later."""
        receiver = news.route.receiver
        waiting = self._waiting.setdefault(receiver, set())
        if not (news.fresh or news.ended or news.repeat_due(now)):
            waiting.discard(news.group.key)
            self._settle(news, now)
            return
        free = self._throttles.free(receiver, throttle, now)
        passes = news.critical and not throttle.holds_critical
        if free <= 0 and not passes:
            waiting.add(news.group.key)
            until = self._throttles.next_free(receiver, throttle, now)
            self._set_timer(news.group, until)
            for alert in news.fresh:
                said = throttled(receiver, throttle, until)
                self._explain(alert, now, (*news.asked[alert.id], said))
            return
        batch = [news]
        if free > 0:
            batch += self._waiting_for(receiver, news.group, now)
        if len(batch) > 1 and not (news.fresh or news.ended):
            batch.remove(news)  # a reminder gives way to news
            waiting.add(news.group.key)
            self._set_timer(news.group, now + throttle.per)
        if free < 2 and any(n.fresh for n in batch):
            for late in [n for n in batch if n.ended]:  # what is over is told the next time
                late.ended = []
                waiting.add(late.group.key)
                self._set_timer(late.group, now + throttle.per)
        for _ in range(self._tell(batch, now)):
            self._throttles.spend(receiver, throttle, now)

    def _waiting_for(self, receiver: str, group: Group, now: datetime) -> list[News]:
        """The news of the other groups that wait for a receiver's next notification."""
        waiting, found = self._waiting[receiver], []
        for key in sorted(waiting):
            other = self._state.groups.get(key)
            news = self._ask(other, now) if other is not None and other is not group else None
            if news is not None and news.repeat_due(now):
                continue
            waiting.discard(key)
            if news is not None:
                found.append(news)
        return found

    def _tell(self, batch: list[News], now: datetime) -> int:
        """Tell what groups of one receiver have to tell, those of many as one.

        Returns how many notifications that took.
        """
        fresh = [n for n in batch if n.fresh]
        ended = [n for n in batch if n.ended and n.route.send_resolved]
        repeats = [n for n in batch if n.repeat_due(now)]
        if len(fresh) == 1:
            self.telling.tell("firing", fresh[0].incident, fresh[0].route, fresh[0].fresh, now)
        elif fresh:
            self.telling.together(
                "digest", fresh[0].route, [a for n in fresh for a in n.fresh], now
            )
        if len(ended) == 1:
            self.telling.tell("resolved", ended[0].incident, ended[0].route, ended[0].ended, now)
        elif ended:
            alerts = [a for n in ended for a in n.ended]
            self.telling.together("resolved", ended[0].route, alerts, now)
        for news in repeats:
            self.telling.tell("update", news.incident, news.route, news.still, now)
        for news in batch:
            if news.fresh or news.ended or news in repeats:
                news.group.notified_at = now
            self._settle(news, now)
        return bool(fresh) + bool(ended) + len(repeats)

    def _settle(self, news: News, now: datetime) -> None:
        """Note what was told, and set the group's next timer."""
        group, state, route = news.group, self._state, news.route
        for alert in news.fresh:
            state.told(alert.id, group, intern(f"firing:{alert.severity}"))
            told = StageVerdict("notify", "notified", "notified", route.receiver)
            self._explain(alert, now, (*news.asked[alert.id], told))
        for alert in news.ended:
            state.leave(alert.id, group)
        if not group.members:
            state.drop_group(group)
            return
        again = [news.again] if news.again else []
        if news.still and news.incident.status == "triggered":
            again.append((group.notified_at or now) + route.repeat_interval)
        if again:
            self._set_timer(group, min(again))

    def _explain(self, alert: Alert, now: datetime, stages: tuple[StageVerdict, ...]) -> None:
        """Keep what stages that were asked again said."""
        before = self._state.stages.get(alert.id, ())
        self._record(alert, now, pipeline.amended(before, stages))

    def _last_stage(self, alert_id: str) -> str:
        stages = self._state.stages.get(alert_id, ())
        return stages[-1].stage if stages else ""

    def _is_held(self, alert_id: str) -> bool:
        return self._last_stage(alert_id) in pipeline.HELD

    def ask_again(self, now: datetime) -> None:
        """What holds groups changed: they are asked now, whatever their timers say."""
        for key in self._held & self._state.groups.keys():
            group = self._state.groups[key]
            told_at, route = group.notified_at, self._routes[group.route]
            self._set_timer(group, max(now, told_at + route.group_interval) if told_at else now)

    def _members(self, group: Group) -> list[Alert]:
        """The alerts of a group, oldest first."""
        alerts = [self._state.alerts[i] for i in group.members if i in self._state.alerts]
        return sorted(alerts, key=lambda a: a.number)

    def _tell_ended(self, group: Group, now: datetime) -> None:
        incident, route = self._state.incidents.get(group.incident), self._routes[group.route]
        view = msgspec.structs.replace(self._look(now), node=route)
        ended = [
            a
            for a in self._members(group)
            if a.status == "resolved"
            and not pipeline.run(a, view, pipeline.MUTES + pipeline.HOLDS)[1].stops
        ]
        if incident is not None and ended and route.send_resolved:
            self.telling.tell("resolved", incident, route, ended, now)
