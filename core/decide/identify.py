"""Stage: what makes this alert this one. Nothing is stopped here."""

from __future__ import annotations

from core.decide.view import View
from core.model.alert import Alert
from core.model.decision import Verdict


def fingerprint(alert: Alert, view: View) -> Verdict:
    """For the record: the fingerprint, and what it was made of."""
    del view
    return Verdict("passed", "fingerprint", alert.fingerprint, alert.identified_by)
