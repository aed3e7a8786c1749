"""Stage: whether a clear ends the alert.

It ends when its source says so, when it falls silent, or after so many clears in a row.
"""

from __future__ import annotations

from core.config.units import format_duration
from core.decide.view import View
from core.model.alert import Alert
from core.model.decision import Verdict

ENDS = frozenset({"resolved", "timeout", "calm"})


def resolve(alert: Alert, view: View) -> Verdict:
    """The record's last word while the alert clears; the reasons in ENDS end it.

    A flapping alert is not over before it is calm; a damped one needs its clears in a row,
    unless it simply fell silent.
    """
    if alert.flapping and view.clear != "calm":
        calm = format_duration(view.flapping.calm)
        return Verdict("recorded", "flapping", "", f"over when nothing changes for {calm}")
    needed = view.damping(alert.labels).clears
    history = view.history(alert.fingerprint)
    if view.clear == "resolved" and needed > 1 and history is not None:
        seen = history.clears()
        if seen < needed:
            return Verdict("recorded", "clears", "damping", f"{seen} of {needed} clears")
        return Verdict("recorded", "resolved", "damping", f"{seen} clears")
    return Verdict("recorded", view.clear)
