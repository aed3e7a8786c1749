"""Conditions over time: a rule has at most one of them.

`by` names labels or fields that are looked at apart; without it, what tells the rule's alerts
apart, or the rule as a whole (absence, new_value).
"""

from __future__ import annotations

from pydantic import Field

from core.config.matching import Match
from core.config.section import RuleSection
from core.config.units import PositiveDuration


class For(RuleSection):
    """How often within how long before the rule fires."""

    count: int = Field(1, ge=1, le=1_000_000)
    within: PositiveDuration = Field("60s", validate_default=True)
    by: list[str] = Field([])


class Spike(RuleSection):
    """So many times more within `window` than in the one before it, and not fewer than that."""

    window: PositiveDuration = Field("5m", validate_default=True)
    ratio: float = Field(3.0, gt=1, le=1_000_000)
    min_count: int = Field(10, ge=1, le=1_000_000)
    by: list[str] = Field([])


class Absence(RuleSection):
    """Nothing that matches for so long. With `by`: of each that was seen before."""

    for_: PositiveDuration = Field(alias="for")
    by: list[str] = Field([])


class NewValue(RuleSection):
    """A value of `field` that was not seen within `within`; while it learns nothing is said."""

    field: str = Field(min_length=1)
    learn: PositiveDuration = Field("1d", validate_default=True)
    within: PositiveDuration = Field("30d", validate_default=True)
    by: list[str] = Field([])


class Change(RuleSection):
    """A value of `field` that differs from the one before."""

    field: str = Field(min_length=1)
    by: list[str] = Field([])


class Resolve(RuleSection):
    """When the alert ends: on a matching line, or after a silence of this length, or both."""

    match: Match | None = None
    after: PositiveDuration | None = None
