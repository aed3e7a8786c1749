"""The settings of one rule."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Annotated, Any

from pydantic import Discriminator, Field, Tag, field_validator

from core.config.conditions import Absence, Change, For, NewValue, Resolve, Spike
from core.config.matching import Fields, Match, MatcherEntry, as_matcher_entries
from core.config.section import Loc, RuleSection
from core.config.severity import Severity
from core.config.time_intervals import TimeSpanSettings
from core.model.matcher import Matcher

OverTime = For | Spike | Absence | NewValue | Change


def _named_or_span(value: Any) -> str:
    return "<name>" if isinstance(value, str) else "<span>"


# A name of `time_intervals`, or an interval of its own.
InForce = Annotated[
    Annotated[str, Tag("<name>")] | Annotated[TimeSpanSettings, Tag("<span>")],
    Discriminator(_named_or_span),
]


class Rule(RuleSection):
    """A condition on log lines or events that raises an alert named like the rule.

    where: conditions on labels and fields, `{app: shop}` or Alertmanager's matchers;
    fields: what is pulled from the line; fingerprint: labels or fields that tell one alert from
    another; title, summary, annotations: templates, `{field}` and `{label}` are filled in;
    schedule: when the rule is in force, any of its intervals will do.
    """

    name: str = Field(min_length=1, max_length=200)
    match: Match | None = None
    where: list[MatcherEntry] = Field([])
    fields: Fields | None = None
    resolve: Resolve = Resolve()
    severity: Severity = "warning"
    for_: For = Field(For(), alias="for")
    spike: Spike | None = None
    absence: Absence | None = None
    new_value: NewValue | None = None
    change: Change | None = None
    fingerprint: list[str] = Field([])
    title: str = ""
    summary: str = ""
    labels: dict[str, str] = Field({})
    annotations: dict[str, str] = Field({})
    runbook: str = ""
    owner: str = ""
    enabled: bool = True
    schedule: list[InForce] = Field([])

    _map_or_list = field_validator("where", mode="before")(as_matcher_entries)

    @classmethod
    def contradictions(cls, given: dict[str, Any]) -> Iterator[tuple[Loc, str]]:
        """It must ask for something, and look over time in one way."""
        if given.get("match") is None and not given.get("where"):
            yield (), "give match, where, or both"
        kinds = ("spike", "absence", "new_value", "change")
        over_time = [kind for kind in kinds if given.get(kind) is not None]
        counts = given.get("for")
        if isinstance(counts, dict) and counts.get("count", 1) != 1:
            over_time.insert(0, "for")
        if len(over_time) > 1:
            yield (), f"a rule has one condition over time, not {' and '.join(over_time)}"
        resolve = given.get("resolve")
        if given.get("absence") and isinstance(resolve, dict) and resolve.get("match"):
            yield ("resolve", "match"), "an absence ends when the rule matches again"

    @cached_property
    def over_time(self) -> OverTime | None:
        """Its condition over time; None when each match speaks for itself."""
        counts = self.for_ if self.for_.count > 1 else None
        return counts or self.spike or self.absence or self.new_value or self.change

    @cached_property
    def by(self) -> tuple[str, ...]:
        """Labels or fields that its condition over time looks at apart."""
        over_time = self.over_time
        given = over_time.by if over_time is not None else ()
        return tuple(given or (self.fingerprint if self.absence else ()))

    @cached_property
    def watched(self) -> str:
        """The field whose value its condition over time looks at; empty when at none."""
        over_time = self.over_time
        return over_time.field if isinstance(over_time, NewValue | Change) else ""

    @cached_property
    def matchers(self) -> tuple[Matcher, ...]:
        """All of `where`."""
        return tuple(matcher for entry in self.where for matcher in entry)
