"""Condition: so many times more than in the window before."""

from __future__ import annotations

from core.config.conditions import Spike as SpikeSettings
from core.decide.condition.condition import Condition, Match, Spoken
from core.decide.condition.memory import Counted, Memory, Slot
from core.decide.condition.tally import KEPT, Counts, Scale, add

_STEPS = 20


class Spike(Condition):
    """`spike: {window, ratio, min_count}`, counted in steps of a twentieth of the window.

    A window that nobody has looked at in full is no measure: at first, and after a gap of more
    than a tenth of it, nothing is said until two windows have passed.
    """

    watches_time = True

    def __init__(self, settings: SpikeSettings, by: tuple[str, ...]) -> None:
        self._window = settings.window.total_seconds()
        self._ratio = settings.ratio
        self._min_count = settings.min_count
        self._scale = Scale(self._window, _STEPS)
        self.params = f"spike {self._window} {by}"

    def seen(self, match: Match, memory: Memory) -> Spoken | None:
        """Count it, and look at each window around it that ends with a hit."""
        slot = memory.slots.get(match.key)
        if not isinstance(slot, Counted):
            slot = Counted(match.accepted)
        slot.touched = match.accepted
        place, length = self._scale.place(match.at), self._scale.length
        add(slot.hits, place, most=KEPT * _STEPS)
        memory.put(match.key, slot)
        looked_from = self._scale.place(memory.since)
        counts = Counts(slot.hits)
        for end in counts.ends(place, length):
            count = counts.between(end - length, end)
            if count < self._min_count or end - 2 * length < looked_from:
                continue
            previous = counts.between(end - 2 * length, end - length)
            if count >= self._ratio * previous:
                return Spoken({"count": str(count), "previous": str(previous)})
        return None

    def is_past(self, slot: Slot, upto: float) -> bool:
        """Two windows, and one for what comes late."""
        return upto - slot.touched > 3 * self._window

    def unseen(self, memory: Memory, gap: float, now: float) -> None:
        """What was not looked at cannot be compared with."""
        if abs(gap) > self._window / 10:
            memory.since = now
