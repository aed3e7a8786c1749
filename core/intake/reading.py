"""Looking into payloads that may hold anything: what is not as documented counts as absent.

For what a platform promises but an alert can do without. What an alert needs is read with
`core.intake.normalise`, which says what is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from core.decide.fingerprint import name_from_text
from core.intake.normalise import (
    MAX_LABELS,
    MAX_NAME,
    MAX_NOTE,
    MAX_VALUE,
    Unusable,
    as_moment,
    as_text,
)
from core.rule.shorten import shorten


def at(value: Any, *path: str) -> Any:
    """What lies at `path` in nested objects; None where it ends early."""
    for name in path:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def text_at(value: Any, *path: str, limit: int = MAX_VALUE) -> str:
    """The text, number or truth value at `path` as a text without outer spaces; else empty."""
    found = at(value, *path)
    if isinstance(found, str | int | float):
        return as_text(found, "", limit).strip()
    return ""


def first_text(*texts: str) -> str:
    """The first that says something."""
    return next((text for text in texts if text), "")


def moment_at(value: Any, *path: str) -> datetime | None:
    """The time at `path`, in one of the forms of `as_moment` or `2026-11-24 01:30:05 UTC`."""
    found = at(value, *path)
    if isinstance(found, str):
        found = found.strip()
        if found.endswith(" UTC"):
            found = f"{found[:-4]}+00:00"
    try:
        return as_moment(found, "")
    except Unusable:
        return None


def filled(texts: Mapping[str, str], limit: int = MAX_VALUE) -> dict[str, str]:
    """The names that have a text, at most MAX_LABELS of them, shortened."""
    kept = [(k, shorten(v, limit)) for k, v in texts.items() if v and 0 < len(k) <= MAX_NAME]
    return dict(kept[:MAX_LABELS])


def notes(texts: Mapping[str, str]) -> dict[str, str]:
    """Like `filled`, for annotations."""
    return filled(texts, MAX_NOTE)


def named(text: str) -> str:
    """A text of people as an alert's name: its first words, numbers masked."""
    return name_from_text(text) if text else ""
