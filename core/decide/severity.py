"""Stage: who said how bad it is. Nothing is stopped here."""

from __future__ import annotations

from core.decide.regrade import regrade_of
from core.decide.view import View
from core.model.alert import Alert
from core.model.decision import Verdict


def severity(alert: Alert, view: View) -> Verdict:
    """For the record: the route, a `severity` entry of the settings, or the source."""
    route = view.route.matching(alert.labels)[0]
    if route.severity:
        return Verdict("passed", "route", f"route {route.path}", alert.severity)
    found = regrade_of(alert.labels, view.regrades)
    if found is not None:
        said = alert.labels.get("severity_raw", alert.severity)
        note = f"{said} → {alert.severity}"
        return Verdict("passed", "severity", f"severity[{found.number}]", note)
    return Verdict("passed", "source", "", alert.severity)
