"""Decision: why an alert was, or was not, told to people."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

VerdictKind = Literal["passed", "suppressed", "grouped", "notified", "recorded"]


class Verdict(msgspec.Struct, frozen=True):
    """One stage's answer. `by` names the thing that matched (a silence, a route, an alert).

    until: when it is worth asking again, as far as the stage knows.
    """

    kind: VerdictKind
    reason: str = ""
    by: str = ""
    note: str = ""
    until: datetime | None = None

    @property
    def stops(self) -> bool:
        """Whether later stages are not asked."""
        return self.kind in {"suppressed", "recorded"}

    @staticmethod
    def passed(note: str = "") -> Verdict:
        """Nothing in this stage holds the alert back."""
        return Verdict("passed", note=note) if note else PASSED

    @staticmethod
    def suppress(
        reason: str, by: str = "", note: str = "", until: datetime | None = None
    ) -> Verdict:
        """People are not told, and this is why."""
        return Verdict("suppressed", reason, by, note, until)


PASSED = Verdict("passed")


class StageVerdict(msgspec.Struct, frozen=True, gc=False):
    """A verdict with the stage that gave it."""

    stage: str
    verdict: VerdictKind
    reason: str = ""
    by: str = ""
    note: str = ""


class Decision(msgspec.Struct, frozen=True):
    """The record of one alert's way through the stages; a new one only when a verdict changes.

    rule_version: of the alert's rule, as it was in force then; 0 for an alert without a rule.
    """

    alert: str
    at: datetime
    verdict: VerdictKind
    reason: str
    stages: tuple[StageVerdict, ...]
    rule_version: int = 0
