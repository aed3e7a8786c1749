"""Event: one thing that happened outside, as a source told it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

Severity = Literal["critical", "warning", "info"]
API_V2 = "alertmanager"  # the source of what comes by Alertmanager's API
RANK: dict[str, int] = {"critical": 2, "warning": 1, "info": 0}

_CRITICAL = {
    "critical",
    "crit",
    "error",
    "fatal",
    "disaster",
    "high",
    "emergency",
    "p0",
    "p1",
    "紧急",
}
_WARNING = {"warning", "warn", "average", "p2"}


def normalise_severity(word: str) -> Severity:
    """A source's own word for how bad it is → critical, warning or info (the contract's table)."""
    lowered = word.strip().lower()
    if lowered in _CRITICAL:
        return "critical"
    return "warning" if lowered in _WARNING else "info"


class Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a source accepted and the journal keeps.

    source: `log:shop`, `hook:main`, `api`, `alertmanager`, `file:reports`, `self`: kind, colon,
    name.
    severity: the source's own word; normalised when an alert is made of it.
    fingerprint: the source's stable identity for the alert, when it has one.
    dedup_key: the sender's; the same key is the same alert, whatever else differs.
    rules: names of the log rules that matched this line at intake (log sources only).
    clears: names of the log rules whose `resolve` condition matched this line.
    body: the raw text (a log line); already redacted.
    """

    source: str
    occurred_at: datetime
    labels: dict[str, str]
    annotations: dict[str, str] = {}
    severity: str = ""
    status: Literal["firing", "resolved"] = "firing"
    body: str = ""
    dedup_key: str = ""
    fingerprint: str = ""
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    links: dict[str, str] = {}
    rules: tuple[str, ...] = ()
    clears: tuple[str, ...] = ()
