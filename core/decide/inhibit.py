"""Stage: an alert is not told while a firing one that explains it is."""

from __future__ import annotations

from core.decide.inhibitors import Inhibitors
from core.decide.view import View
from core.model.alert import Alert
from core.model.decision import Verdict


def inhibit(alert: Alert, view: View) -> Verdict:
    """Suppress `alert` while a source of an inhibition fires with equal labels."""
    other = inhibitor_of(alert, view.inhibitors)
    if other is None:
        return Verdict.passed()
    return Verdict.suppress("inhibit", other.short_id, other.name)


def inhibitor_of(alert: Alert, inhibitors: Inhibitors) -> Alert | None:
    """The firing alert that explains this one, by the first rule that finds one.

    As in Alertmanager, of alerts that match both sides of a rule none inhibits another.
    """
    labels = alert.labels
    for number, rule in enumerate(inhibitors.rules):
        if not all(m.matches(labels) for m in rule.target):
            continue
        both = all(m.matches(labels) for m in rule.source)
        for other in inhibitors.of(number, labels):
            if both and all(m.matches(other.labels) for m in rule.target):
                continue
            if other.id != alert.id:
                return other
    return None
