"""Quotation: the piece of a line that is worth showing, character by character as it stands."""

from __future__ import annotations

import re
from collections.abc import Iterable

from core.redact import MASK
from knowledge.analysis.lexicon import kind_of, place_of, rank_of
from knowledge.analysis.model import MAX_QUOTE

_LEAD = 60  # characters kept before the first word that speaks of trouble
# Terminal colours and other characters that no reader can see or copy.
_UNSEEN = re.compile(
    r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffd]"
)


def window(line: str, limit: int) -> str:
    """At most `limit` visible characters of `line` around its trouble."""
    if _UNSEEN.search(line) is not None:
        line = _best(_UNSEEN.split(line))
    if len(line) > limit:
        start = max(0, min(place_of(line) - _LEAD, len(line) - limit))
        line = line[start : start + limit]
    return line.strip()


def quote_of(line: str, limit: int = MAX_QUOTE) -> str:
    """`window` without masked secrets: always a literal part of what was sent."""
    return window(_best(line.split(MASK)) if MASK in line else line, limit)


def _best(pieces: Iterable[str]) -> str:
    return max(pieces, key=lambda p: (rank_of(p) > 0 or kind_of(p) is not None, len(p)))
