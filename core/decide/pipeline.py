"""The whole policy in one tuple: every alert goes through these stages, in this order."""

from __future__ import annotations

from typing import Protocol

from core.decide.deduplicate import deduplicate
from core.decide.group import group
from core.decide.hold import hold
from core.decide.inhibit import inhibit
from core.decide.silence import silence
from core.decide.view import View
from core.model.alert import Alert
from core.model.decision import StageVerdict, Verdict


class Stage(Protocol):
    """A pure function; its name is the stage's name in every decision record."""

    __name__: str

    def __call__(self, alert: Alert, view: View) -> Verdict:
        """The stage's verdict on `alert`."""
        ...


STAGES: tuple[Stage, ...] = (deduplicate, inhibit, silence, hold, group)
# Asked again when a group is told: what was said when the alert came may have changed since.
MUTES: tuple[Stage, ...] = (inhibit, silence)


def run(alert: Alert, view: View, stages: tuple[Stage, ...] = STAGES) -> tuple[StageVerdict, ...]:
    """Each stage's verdict until one stops the alert."""
    verdicts = []
    for stage in stages:
        verdict = stage(alert, view)
        name = stage.__name__
        verdicts.append(StageVerdict(name, verdict.kind, verdict.reason, verdict.by, verdict.note))
        if verdict.stops:
            break
    return tuple(verdicts)
