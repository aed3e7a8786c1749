"""Stage: during maintenance incidents are recorded and nobody is told.

Afterwards what still fires is told once, and what was told before and ended meanwhile.

Maintenance is announced by a person (a silence of kind `maintenance`, with matchers or for all) or
planned in the settings (`maintenance`, by time intervals).
"""

from __future__ import annotations

from core.clock import iso
from core.decide.view import View
from core.model.alert import Alert
from core.model.decision import Verdict


def maintenance(alert: Alert, view: View) -> Verdict:
    """Hold the alert in its group while its things are worked on."""
    for announced in view.active_silences("maintenance"):
        if announced.matches(alert.labels):
            note = f"{announced.created_by}: {announced.comment} (until {iso(announced.ends_at)})"
            return Verdict.suppress("maintenance", announced.short_id, note, announced.ends_at)
    for planned in view.maintenances:
        if not all(m.matches(alert.labels) for m in planned.matchers):
            continue
        for interval in planned.intervals:
            if interval.contains(view.now):
                note = f"{interval.name}: {planned.comment}".removesuffix(": ")
                again = interval.next_change(view.now)
                return Verdict.suppress("maintenance", planned.name, note, again)
    return Verdict.passed()
