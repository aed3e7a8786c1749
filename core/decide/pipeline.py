"""The whole policy in four tuples: every alert goes through these stages, in this order."""

from __future__ import annotations

from typing import Protocol

from core.decide.deduplicate import deduplicate
from core.decide.flapping import flapping
from core.decide.group import group
from core.decide.heartbeat import heartbeat
from core.decide.hold import hold
from core.decide.identify import fingerprint
from core.decide.inhibit import inhibit
from core.decide.maintenance import maintenance
from core.decide.resolve import resolve
from core.decide.severity import severity
from core.decide.silence import silence
from core.decide.time_intervals import time_intervals
from core.decide.view import View
from core.model.alert import Alert
from core.model.decision import PASSED, StageVerdict, Verdict


class Stage(Protocol):
    """A pure function; its name is the stage's name in every decision record."""

    __name__: str

    def __call__(self, alert: Alert, view: View) -> Verdict:
        """The stage's verdict on `alert`."""
        ...


# When an alert comes. What they stop belongs to no incident yet, and is asked about again.
STAGES: tuple[Stage, ...] = (
    fingerprint,
    deduplicate,
    heartbeat,
    severity,
    flapping,
    inhibit,
    silence,
    hold,
    group,
)
# When it clears.
ENDS: tuple[Stage, ...] = (fingerprint, resolve)
# When its group is told: what was said when the alert came may have changed since.
MUTES: tuple[Stage, ...] = (heartbeat, inhibit, silence)
# After those. What they stop stays in its group, and is told when they let it.
HOLDS: tuple[Stage, ...] = (maintenance, time_intervals)
HELD = frozenset(stage.__name__ for stage in HOLDS)


def run(
    alert: Alert, view: View, stages: tuple[Stage, ...] = STAGES
) -> tuple[tuple[StageVerdict, ...], Verdict]:
    """Each stage's verdict until one stops the alert, for the record; and the last one whole."""
    verdicts, verdict = [], PASSED
    for stage in stages:
        verdict = stage(alert, view)
        name = stage.__name__
        verdicts.append(StageVerdict(name, verdict.kind, verdict.reason, verdict.by, verdict.note))
        if verdict.stops:
            break
    return tuple(verdicts), verdict


def amended(
    before: tuple[StageVerdict, ...], now: tuple[StageVerdict, ...]
) -> tuple[StageVerdict, ...]:
    """The record of an alert after some stages were asked again: theirs last, the others stay."""
    again = {"throttle", "notify", *(s.stage for s in now)}
    return (*(s for s in before if s.stage not in again), *now)
