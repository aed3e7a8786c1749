"""Stage: an alert is not told while a firing one that explains it is."""

from __future__ import annotations

from core.decide.view import View
from core.model.alert import Alert
from core.model.decision import Verdict


def inhibit(alert: Alert, view: View) -> Verdict:
    """Suppress `alert` while a source of an inhibition fires with equal labels.

    As in Alertmanager, of alerts that match both sides none inhibits another.
    """
    labels = alert.labels
    for number, rule in enumerate(view.inhibitors.rules):
        if not all(m.matches(labels) for m in rule.target):
            continue
        both = all(m.matches(labels) for m in rule.source)
        for other in view.inhibitors.of(number, labels):
            if other.id == alert.id or (both and all(m.matches(other.labels) for m in rule.target)):
                continue
            return Verdict.suppress("inhibit", other.short_id, other.name)
    return Verdict.passed()
