"""Stage: an alert that comes and goes is told once; one that is not sure yet is not told.

Two settings. `damping`, for alerts that match: it takes N firing signals of the last M before
people are told, and so many clears in a row before it is over. `flapping`, for all: an alert that
changed so often within so long is flapping: it stays firing through its clears, is told once as
flapping, and leaves that state when nothing changed for `calm`.
"""

from __future__ import annotations

from core.decide.view import View
from core.model.alert import Alert
from core.model.decision import Verdict


def flapping(alert: Alert, view: View) -> Verdict:
    """Hold back what is not sure yet; say of what flaps that it does."""
    history, damping = view.history(alert.fingerprint), view.damping(alert.labels)
    if history is not None and damping.fire > 1 and not history.confirmed:
        fired = history.seen[-damping.of :].count("F")
        note = f"{fired} of {damping.fire} in the last {damping.of}"
        return Verdict.suppress("unconfirmed", "damping", note)
    if alert.flapping:
        return Verdict("passed", "flapping", "", f"{view.flapping.changes} changes")
    return Verdict.passed()
