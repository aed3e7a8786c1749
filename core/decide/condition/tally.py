"""Counting by moment, exactly or in steps, so that the figures kept are few.

Events come late, and clocks are set back: a window may end at any hit, not only at the last.
What arrived longest ago is dropped first.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import accumulate

KEPT = 4  # windows' worth of hits; in order or late by up to a window, none is missed


class Scale:
    """Where on a window's scale a moment lies: moments themselves, or so many steps a window."""

    def __init__(self, seconds: float, steps: int | None = None) -> None:
        self._step = seconds / steps if steps else 0.0
        self.length = float(steps) if steps else seconds

    def place(self, at: float) -> float:
        """The place of a moment in Unix seconds."""
        return at // self._step if self._step else at


def add(hits: dict[float, int], place: float, *, most: int) -> None:
    """Count one more at `place`; of more than `most` places the one touched first goes."""
    hits[place] = hits.pop(place, 0) + 1
    while len(hits) > most:
        del hits[next(iter(hits))]


class Counts:
    """Hits in the order of their places, to be asked how many lie between two."""

    def __init__(self, hits: dict[float, int]) -> None:
        self._places = sorted(hits)
        self._sums = list(accumulate((hits[p] for p in self._places), initial=0))

    def between(self, after: float, upto: float) -> int:
        """The hits after one place, up to another."""
        first, last = bisect_right(self._places, after), bisect_right(self._places, upto)
        return self._sums[last] - self._sums[first]

    def ends(self, place: float, length: float) -> list[float]:
        """Where windows of `length` that hold `place` end with a hit, the first one first."""
        places = self._places
        return places[bisect_left(places, place) : bisect_left(places, place + length)]
