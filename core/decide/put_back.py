"""After the clock was put back: what has happened lies in the past, timers no farther than waits.

Otherwise a message due in seconds would come when the clock is again where it was, maybe hours
later. Moments that people chose (the end of a silence, of an acknowledgement) stay as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from core.decide.policy import Policy
from core.decide.route import Route
from core.decide.state import Group, State
from core.model.alert import Alert


def settle_alerts(state: State, now: datetime) -> list[Alert]:
    """Alerts that were seen after `now` were seen now; returns them."""
    ahead = [a for a in state.alerts.values() if a.status == "firing" and a.last_seen > now]
    for alert in ahead:
        alert.last_seen = now
        state.changes.alerts[alert.id] = alert
    return ahead


def settle_groups(
    state: State, policy: Policy, routes: Mapping[str, Route], now: datetime
) -> list[Group]:
    """Groups whose timers were too far away, with the timers they have now."""
    changed = []
    for group in state.groups.values():
        route = routes[group.route]
        if group.notified_at is not None and group.notified_at > now:
            group.notified_at = now
            state.changes.groups.add(group.key)
        if group.flush_at is None or group.flush_at <= now + route.group_wait:
            continue
        latest = now + _wait(state, policy, group, route)
        if group.flush_at > latest:
            group.flush_at = latest
            state.changes.groups.add(group.key)
            changed.append(group)
    return changed


def _wait(state: State, policy: Policy, group: Group, route: Route) -> timedelta:
    """The longest that a group's next message may be away."""
    incident = state.incidents.get(group.incident)
    if group.notified_at is None:
        return policy.first_wait(route, incident.severity if incident else "info")
    for alert_id, told in group.members.items():
        alert = state.alerts.get(alert_id)
        if alert is not None and told != f"{alert.status}:{alert.severity}":
            return route.group_interval
    return route.repeat_interval
