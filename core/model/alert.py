"""Alert: one condition, known by its fingerprint, that is firing or resolved."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from core.model.event import Severity


class Alert(msgspec.Struct, kw_only=True, gc=False):
    """A firing episode of one fingerprint. The fold changes it; everyone else only reads it.

    It holds texts and moments, so it can be part of no cycle: with very many of them the collector
    would stop everything for half a second to find that out (gc=False).

    number: people see it as `ALT-<number>`. identified_by: what the fingerprint is made of.
    incident: the incident's number, or None.
    ends_at: when it resolved, or the moment the source said it would end by itself.
    """

    id: str
    number: int
    fingerprint: str
    identified_by: str = ""
    status: Literal["firing", "resolved"] = "firing"
    flapping: bool = False
    severity: Severity = "info"
    labels: dict[str, str]
    annotations: dict[str, str] = {}
    count: int = 1
    first_seen: datetime
    last_seen: datetime
    starts_at: datetime
    ends_at: datetime | None = None
    source: str = ""
    rule: str = ""
    incident: int | None = None
    links: dict[str, str] = {}

    @property
    def short_id(self) -> str:
        """`ALT-7`."""
        return f"ALT-{self.number}"

    @property
    def name(self) -> str:
        """The alert's name, for titles."""
        return self.labels["alertname"]

    @property
    def title(self) -> str:
        """What its incident is called: the title that its rule gives, else the summary."""
        return (self.annotations.get("title") if self.rule else None) or self.summary

    @property
    def summary(self) -> str:
        """One line on what is wrong: the source's summary, else its description, else the name."""
        notes = self.annotations
        return notes.get("summary") or notes.get("description") or self.name
