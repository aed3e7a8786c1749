"""Which form a rule's `fields` names, and the bounds that all forms keep."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from core.config.matching import Fields
from core.rule.extract import json, logfmt
from core.rule.pattern import Pattern

Extractor = Callable[[bytes], dict[str, str]]


def extractor_of(fields: Fields) -> Extractor:
    """Takes a line, valid UTF-8 without its end; gives its fields, none when it has not the form.

    The same settings give the same extractor, so that a line is taken apart once for many rules.
    """
    if fields.from_ == "json":
        return json.extract
    return logfmt.extract if fields.from_ == "logfmt" else _by_pattern(fields.pattern)


@cache
def _by_pattern(pattern: str) -> Extractor:
    return Pattern(f"re:{pattern}").fields
