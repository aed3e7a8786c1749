"""Stage: an alert that a person has silenced is not told."""

from __future__ import annotations

from core.clock import iso
from core.decide.view import View
from core.model.alert import Alert
from core.model.decision import Verdict


def silence(alert: Alert, view: View) -> Verdict:
    """Suppress `alert` while an active silence matches its labels."""
    for active in view.active_silences():
        if active.matches(alert.labels):
            note = f"{active.created_by}: {active.comment} (until {iso(active.ends_at)})"
            return Verdict.suppress("silence", active.short_id, note)
    return Verdict.passed()
