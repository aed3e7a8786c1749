"""How much is taken from one line at most, and what no store takes."""

from __future__ import annotations

from core.rule.shorten import shorten

MAX_FIELDS = 200
MAX_DEPTH = 8
MAX_NAME = 128
_MAX_VALUE = 4096


def fit(value: str) -> str:
    """A value that can be kept: not endless, without NUL (no database takes it)."""
    return shorten(value.replace("\0", "\ufffd") if "\0" in value else value, _MAX_VALUE)
