"""Stage: the alert joins its group; the group's timer decides when people are told."""

from __future__ import annotations

from core.config.units import format_duration
from core.decide.view import View
from core.model.alert import Alert
from core.model.decision import Verdict


def group(alert: Alert, view: View) -> Verdict:
    """Name the first route that takes the alert, and its wait."""
    first = view.route.matching(alert.labels)[0]
    note = f"receiver {first.receiver or '-'}, group_wait {format_duration(first.group_wait)}"
    return Verdict("grouped", "route", f"route {first.path}", note)
