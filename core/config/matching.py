"""What is said of a text and of labels: patterns, matchers, and fields pulled from a line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

import re2
from pydantic import BeforeValidator, Field, PlainSerializer, field_validator

from core.config.section import Loc, RuleSection
from core.errors import InvalidInput
from core.model.matcher import Matcher, parse_matchers

MAX_PATTERN = 4096


def compile_pattern(pattern: str) -> Any:
    """An RE2 pattern compiled. ValueError when it is none, or matches the empty text."""
    if len(pattern) > MAX_PATTERN:
        raise ValueError(f"a pattern has at most {MAX_PATTERN} characters")
    options = re2.Options()
    options.log_errors = False
    try:
        compiled = re2.compile(pattern, options)
    except re2.error as error:
        raise ValueError(f"{pattern!r} is not an RE2 pattern: {error}") from error
    return compiled


def check_pattern(entry: str) -> str:
    """An entry is a literal, or `re:` and an RE2 pattern. ValueError when it cannot be used."""
    if not entry or entry == "re:":
        raise ValueError("is empty and would match every line")
    if entry.startswith("re:") and compile_pattern(entry[3:]).fullmatch("") is not None:
        raise ValueError(f"{entry!r} matches the empty text and so would match every line")
    return entry


Entry = Annotated[str, BeforeValidator(lambda v: check_pattern(v) if isinstance(v, str) else v)]


class Match(RuleSection):
    """any: at least one; all: every one; none: not a single one. Literals or `re:` patterns."""

    any: list[Entry] = Field([])
    all: list[Entry] = Field([])
    none: list[Entry] = Field([])

    @classmethod
    def contradictions(cls, given: dict[str, Any]) -> Iterator[tuple[Loc, str]]:
        """It must ask for something."""
        if not given.get("any") and not given.get("all"):
            yield (), "give at least one entry under any or all"


class Fields(RuleSection):
    """Where a line's fields are taken from; `pattern` is for `from: regex`, with named groups."""

    from_: Literal["json", "logfmt", "regex"] = Field(alias="from")
    pattern: str = ""

    @field_validator("pattern")
    @classmethod
    def _has_named_groups(cls, value: str) -> str:
        if value and not compile_pattern(value).groupindex:
            raise ValueError("has no named group such as (?P<code>[0-9]+)")
        return value

    @classmethod
    def contradictions(cls, given: dict[str, Any]) -> Iterator[tuple[Loc, str]]:
        """A pattern belongs to `from: regex`, and only there."""
        if given.get("from") == "regex" and not given.get("pattern"):
            yield ("pattern",), "is required for from: regex"
        if given.get("from") in {"json", "logfmt"} and given.get("pattern"):
            yield ("pattern",), "is for from: regex only"


def _matchers(value: Any) -> Any:
    if isinstance(value, Matcher):
        return (value,)
    if not isinstance(value, str):
        raise ValueError('is not a matcher such as app="shop"')
    try:
        return parse_matchers([value])
    except InvalidInput as error:
        raise ValueError(str(error)) from error


# One entry of a list may hold several matchers, `app="shop", level=~"error|fatal"`.
MatcherEntry = Annotated[
    Any, BeforeValidator(_matchers), PlainSerializer(lambda ms: ", ".join(map(str, ms)))
]


def as_matcher_entries(value: Any) -> Any:
    """A map, `{app: shop}`, as the matchers it stands for; a list stays as it is."""
    if isinstance(value, dict):
        return [Matcher(str(name), "=", _as_text(given)) for name, given in value.items()]
    return value


def _as_text(given: Any) -> str:
    return str(given).lower() if isinstance(given, bool) else str(given)
