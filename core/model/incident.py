"""Incident: a group of alerts that people act on."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from core.model.event import Severity

IncidentStatus = Literal["triggered", "acknowledged", "resolved"]


class SimilarItem(msgspec.Struct, frozen=True):
    """A past incident or an article that resembles an incident.

    kind: `incident` or `article`; id: `INC-3` or the article's id; fix: what fixed it, one
    or two lines; matched: why it was found, for people.
    """

    kind: Literal["incident", "article"]
    id: str
    title: str
    score: float
    confidence: Literal["high", "medium", "weak"]
    snippet: str = ""
    fix: str = ""
    matched: str = ""


class TimelineEntry(msgspec.Struct, frozen=True):
    """One thing that happened to an incident. kind: triggered, alert, acknowledged, note, …"""

    at: datetime
    kind: str
    by: str
    text: str


class Incident(msgspec.Struct, kw_only=True):
    """What people see as `INC-<number>`: open until every alert cleared or a person resolved it.

    key: the first matching route and its group labels; one open incident a key.
    held: resolved by a person while alerts still fire; their repeats do not reopen it.
    """

    id: str
    number: int
    key: str
    title: str
    status: IncidentStatus = "triggered"
    severity: Severity = "info"
    labels: dict[str, str]
    alert_count: int = 0
    started_at: datetime
    updated_at: datetime
    acknowledged_at: datetime | None = None
    acknowledged_by: str = ""
    ack_until: datetime | None = None
    resolved_at: datetime | None = None
    resolved_by: str = ""
    resolution: str = ""
    assignee: str = ""
    held: bool = False

    @property
    def short_id(self) -> str:
        """`INC-42`."""
        return f"INC-{self.number}"
