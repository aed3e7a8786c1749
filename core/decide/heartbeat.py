"""Stage: an alert that only proves that its source lives tells nobody.

Prometheus' Watchdog always fires; what matters is that it goes on coming, which a heartbeat of the
settings watches (scheduler/heartbeats.py).
"""

from __future__ import annotations

from core.decide.view import View
from core.model.alert import Alert
from core.model.decision import Verdict


def heartbeat(alert: Alert, view: View) -> Verdict:
    """Suppress an alert that a heartbeat waits for by its labels."""
    for beat in view.beats:
        if beat.matchers and beat.source == alert.source and beat.fits(alert.labels):
            return Verdict.suppress("heartbeat", beat.name)
    return Verdict.passed()
