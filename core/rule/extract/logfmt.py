r"""Fields of a line in logfmt: `level=error msg="disk full" took=3ms`, wherever in the line.

Source: brandur.org/logfmt. Values may be quoted, with `\"` and JSON's other escapes inside; a
word without `=` is no field.
"""

from __future__ import annotations

import msgspec
import re2

from core.rule.bounds import MAX_FIELDS, MAX_NAME, fit

_PAIR = re2.compile(r'([^\s="]+)=("(?:[^"\\]|\\.)*(?:"|$)|[^\s"]*)')
_text = msgspec.json.Decoder(str).decode


def extract(line: bytes) -> dict[str, str]:
    """The first of each name counts."""
    fields: dict[str, str] = {}
    for found in _PAIR.finditer(line):
        if len(fields) == MAX_FIELDS:
            break
        name = found[1].decode("utf-8", "replace")
        if len(name) <= MAX_NAME:
            fields.setdefault(name, fit(_value(found[2])))
    return fields


def _value(raw: bytes) -> str:
    if not raw.startswith(b'"'):
        return raw.decode("utf-8", "replace")
    try:
        return _text(raw)
    except msgspec.DecodeError:  # an escape that JSON does not know, or no closing quote
        return raw.strip(b'"').decode("utf-8", "replace")
