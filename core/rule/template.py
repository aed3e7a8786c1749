"""Texts with places: `{name}` becomes a label's or field's value, `{name|else}` never stays empty.

No more than that on purpose: a template cannot loop, compute or grow beyond its limit.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from core.rule.shorten import shorten

_PLACE = re.compile(r"\{([^{}\s|]+)(?:\|([^{}]*))?\}")
_VALUE_MAX = 2000


def fill(template: str, values: Mapping[str, str], limit: int) -> str:
    """The text, of at most `limit` characters; names without a value stay as they are written."""

    def value(place: re.Match[str]) -> str:
        name, otherwise = place[1], place[2]
        found = values.get(name)
        if otherwise is not None and not found:
            return otherwise
        return place[0] if found is None else found[:_VALUE_MAX]

    return shorten(_PLACE.sub(value, template[: limit * 4]), limit)


def places(template: str) -> set[str]:
    """The names that a template has places for."""
    return {place[1] for place in _PLACE.finditer(template)}
