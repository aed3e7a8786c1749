"""Conditions over time: a rule has at most one."""

from __future__ import annotations

from pydantic import Field

from core.config.matching import Match
from core.config.section import RuleSection
from core.config.units import Duration


class For(RuleSection):
    """How often within how long before the rule fires; counted apart for each value of `by`."""

    count: int = Field(1, ge=1, le=1_000_000)
    within: Duration = Field("60s", validate_default=True)
    by: list[str] = Field([])


class Resolve(RuleSection):
    """When the alert ends: on a matching line, or after a silence of this length, or both."""

    match: Match | None = None
    after: Duration | None = None
