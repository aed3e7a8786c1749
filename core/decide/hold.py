"""Stage: an incident that a person resolved while its alerts fire stays resolved for a while."""

from __future__ import annotations

from core.decide.view import View
from core.model.alert import Alert
from core.model.decision import Verdict


def hold(alert: Alert, view: View) -> Verdict:
    """Suppress alerts of an incident that is held."""
    incident = view.held(alert)
    return Verdict.suppress("held", incident) if incident else Verdict.passed()
