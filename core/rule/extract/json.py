"""Fields of a line that is, or ends with, a JSON object (RFC 8259)."""

from __future__ import annotations

from collections import deque
from typing import Any

import msgspec

from core.rule.bounds import MAX_DEPTH, MAX_FIELDS, MAX_NAME, fit

_decode = msgspec.json.Decoder().decode
_TRIES = 3  # braces may stand in what precedes the object: `[main] {worker} {"level": …}`


def extract(line: bytes) -> dict[str, str]:
    """`{"user": {"id": 7}, "tags": ["a"]}` → `user.id: 7`, `tags.0: a`. null is left out.

    Numbers are written as JSON does, truth values as true and false.
    """
    start, end = line.find(b"{"), line.rfind(b"}") + 1
    for _ in range(_TRIES):
        if not 0 <= start < end:
            break
        try:
            found = _decode(line[start:end])
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            start = line.find(b"{", start + 1)
        else:
            return _flat(found)
    return {}


def _flat(found: dict[str, Any]) -> dict[str, str]:
    fields: dict[str, str] = {}
    waiting: deque[tuple[str, Any, int]] = deque([("", found, 0)])
    while waiting and len(fields) < MAX_FIELDS:
        name, value, depth = waiting.popleft()
        if isinstance(value, dict | list):
            if depth == MAX_DEPTH:
                continue
            parts = value.items() if isinstance(value, dict) else enumerate(value)
            before = f"{name}." if name else ""
            waiting += [(f"{before}{part}", inner, depth + 1) for part, inner in parts]
        elif value is not None and len(name) <= MAX_NAME:
            fields.setdefault(fit(name), _text(value))
    return fields


def _text(value: Any) -> str:
    if isinstance(value, str):
        return fit(value)
    return ("true" if value else "false") if isinstance(value, bool) else str(value)
