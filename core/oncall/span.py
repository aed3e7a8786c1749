"""Spans: someone is on call from one instant to another. Of those that overlap the later wins."""

from __future__ import annotations

import heapq
from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise

import msgspec


class Span(msgspec.Struct, frozen=True):
    """via: what says so, for people: `OVR-3`, `config.yaml`, the calendar's file."""

    person: str
    starts_at: datetime
    ends_at: datetime
    via: str


class Spans:
    """Spans laid over one another: at each instant the last of the sequence that covers it."""

    def __init__(self, spans: Sequence[Span]) -> None:
        self._pieces = _flat(spans)
        self._starts = [piece.starts_at for piece in self._pieces]

    def at(self, at: datetime) -> Span | None:
        """The piece that covers `at`."""
        index = bisect_right(self._starts, at) - 1
        piece = self._pieces[index] if index >= 0 else None
        return piece if piece is not None and at < piece.ends_at else None

    def next_change(self, at: datetime) -> datetime | None:
        """The first moment after `at` at which a piece begins or ends."""
        index = bisect_right(self._starts, at)
        if index > 0 and self._pieces[index - 1].ends_at > at:
            return self._pieces[index - 1].ends_at
        return self._starts[index] if index < len(self._starts) else None


def _flat(spans: Sequence[Span]) -> list[Span]:
    """Pieces that do not overlap, in order of time."""
    begins = sorted(range(len(spans)), key=lambda i: spans[i].starts_at)
    edges = sorted({m for span in spans for m in (span.starts_at, span.ends_at)})
    pieces: list[Span] = []
    open_: list[int] = []  # negated, so that the last of the sequence comes first
    coming = 0
    for start, end in pairwise(edges):
        while coming < len(begins) and spans[begins[coming]].starts_at <= start:
            heapq.heappush(open_, -begins[coming])
            coming += 1
        while open_ and spans[-open_[0]].ends_at <= start:
            heapq.heappop(open_)
        if open_:
            span = spans[-open_[0]]
            pieces.append(Span(span.person, start, end, span.via))
    return pieces
