"""Stage: a route that is muted at this time, or not active, tells nobody until it may.

As in Alertmanager: in any of its mute_time_intervals it is muted; with active_time_intervals it is
muted outside all of them. Unlike there, an end that fell into the muted time is told after it.
"""

from __future__ import annotations

from core.decide.view import View
from core.model.alert import Alert
from core.model.decision import Verdict


def time_intervals(alert: Alert, view: View) -> Verdict:
    """Hold the alert in its group while the group's route is muted."""
    del alert  # the route and the moment decide
    route, now = view.node, view.now
    if route is None:
        return Verdict.passed()
    again = min((i.next_change(now) for i in (*route.mute, *route.active)), default=None)
    for interval in route.mute:
        if interval.contains(now):
            return Verdict.suppress(
                "mute_time_interval", interval.name, f"route {route.path}", again
            )
    if route.active and not any(interval.contains(now) for interval in route.active):
        names = ", ".join(interval.name for interval in route.active)
        return Verdict.suppress("active_time_interval", names, f"route {route.path}", again)
    return Verdict.passed()
