"""The settings of one rule."""

from __future__ import annotations

from typing import Any

import re2
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from core.config.units import Duration


class RuleSection(BaseModel):
    """Base of rule settings: unknown keys are mistakes, values never change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def check_pattern(entry: str) -> str:
    """An entry is a literal, or `re:` and an RE2 pattern. ValueError when it cannot be used."""
    if not entry or entry == "re:":
        raise ValueError("is empty and would match every line")
    if entry.startswith("re:"):
        try:
            compiled = re2.compile(entry[3:])
        except re2.error as error:
            raise ValueError(f"{entry!r} is not an RE2 pattern: {error}") from error
        if compiled.fullmatch("") is not None:
            raise ValueError(f"{entry!r} matches the empty text and so would match every line")
    return entry


class Match(RuleSection):
    """any: at least one; all: every one; none: not a single one. Literals or `re:` patterns."""

    any: list[str] = []
    all: list[str] = []
    none: list[str] = []

    @field_validator("any", "all", "none")
    @classmethod
    def _patterns(cls, value: list[str]) -> list[str]:
        return [check_pattern(entry) for entry in value]

    @model_validator(mode="after")
    def _says_something(self) -> Match:
        if not self.any and not self.all:
            raise ValueError("give at least one entry under any or all")
        return self


class For(RuleSection):
    """How often within how long before the rule fires; counted apart for each value of `by`."""

    count: int = Field(1, ge=1, le=1_000_000)
    within: Duration = Field("60s", validate_default=True)
    by: list[str] = []


class Resolve(RuleSection):
    """When the alert ends: on a matching line, or after a silence of this length, or both."""

    match: Match | None = None
    after: Duration | None = None


class Rule(RuleSection):
    """A condition on log lines or events that raises an alert named like the rule.

    where: label conditions, `{app: shop}`; fingerprint: labels or fields that tell one alert
    from another; summary: a template, `{field}` and `{label}` are filled in.
    """

    name: str = Field(min_length=1, max_length=200)
    match: Match | None = None
    where: dict[str, str] = {}
    resolve: Resolve = Resolve()
    severity: str = "warning"
    for_: For = Field(For(), alias="for")
    fingerprint: list[str] = []
    summary: str = ""
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    runbook: str = ""
    enabled: bool = True

    @model_validator(mode="before")
    @classmethod
    def _label_texts(cls, value: Any) -> Any:
        if isinstance(value, dict) and isinstance(value.get("where"), dict):
            value = {**value, "where": {str(k): str(v) for k, v in value["where"].items()}}
        return value

    @model_validator(mode="after")
    def _conditions(self) -> Rule:
        if self.match is None and not self.where:
            raise ValueError("give match, where, or both")
        return self
