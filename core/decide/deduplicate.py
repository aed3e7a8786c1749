"""Stage: a repeat of what is firing already is counted, not told again."""

from __future__ import annotations

from core.decide.view import View
from core.model.alert import Alert
from core.model.decision import Verdict


def deduplicate(alert: Alert, view: View) -> Verdict:
    """Record a repeat; let through what began or got worse."""
    if view.fresh:
        return Verdict.passed()
    return Verdict("recorded", "duplicate", alert.short_id, f"count={alert.count}")
