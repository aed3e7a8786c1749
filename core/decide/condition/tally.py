"""Counting by moment, exactly or in steps, so that the figures kept are few.

Events come late, and clocks are set back: a window may end at any hit, not only at the last.
What arrived longest ago is dropped first.
"""

from __future__ import annotations

EXACT = 100  # a window of more hits than this is counted in so many steps
KEPT = 4  # windows' worth of hits; in order or late by up to a window, none is missed


class Scale:
    """Where on a window's scale a moment lies: moments themselves, or steps of 1/100 window."""

    def __init__(self, seconds: float, *, exact: bool) -> None:
        self._step = 0.0 if exact else seconds / EXACT
        self.length = seconds if exact else float(EXACT)

    def place(self, at: float) -> float:
        """The place of a moment in Unix seconds."""
        return at // self._step if self._step else at


def add(hits: dict[float, int], place: float, *, most: int = KEPT * EXACT) -> None:
    """Count one more at `place`; of more than `most` places the one touched first goes."""
    hits[place] = hits.pop(place, 0) + 1
    while len(hits) > most:
        del hits[next(iter(hits))]


def fullest(hits: dict[float, int], place: float, length: float) -> int:
    """The most hits in any window of `length` that ends with a hit and holds `place`."""
    near = sorted(p for p in hits if place - length < p < place + length)
    total = best = first = 0
    for end in near:
        total += hits[end]
        while near[first] <= end - length:
            total -= hits[near[first]]
            first += 1
        if end >= place:
            best = max(best, total)
    return best
