"""The settings of one rule."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

from pydantic import Field, field_validator

from core.config.conditions import For, Resolve
from core.config.matching import Fields, Match, MatcherEntry, as_matcher_entries
from core.config.section import Loc, RuleSection
from core.config.severity import Severity
from core.model.matcher import Matcher


class Rule(RuleSection):
    """A condition on log lines or events that raises an alert named like the rule.

    where: conditions on labels and fields, `{app: shop}` or Alertmanager's matchers;
    fields: what is pulled from the line; fingerprint: labels or fields that tell one alert from
    another; title, summary, annotations: templates, `{field}` and `{label}` are filled in.
    """

    name: str = Field(min_length=1, max_length=200)
    match: Match | None = None
    where: list[MatcherEntry] = Field([])
    fields: Fields | None = None
    resolve: Resolve = Resolve()
    severity: Severity = "warning"
    for_: For = Field(For(), alias="for")
    fingerprint: list[str] = Field([])
    title: str = ""
    summary: str = ""
    labels: dict[str, str] = Field({})
    annotations: dict[str, str] = Field({})
    runbook: str = ""
    owner: str = ""
    enabled: bool = True

    _map_or_list = field_validator("where", mode="before")(as_matcher_entries)

    @classmethod
    def contradictions(cls, given: dict[str, Any]) -> Iterator[tuple[Loc, str]]:
        """It must ask for something."""
        if given.get("match") is None and not given.get("where"):
            yield (), "give match, where, or both"

    @cached_property
    def matchers(self) -> tuple[Matcher, ...]:
        """All of `where`."""
        return tuple(matcher for entry in self.where for matcher in entry)
