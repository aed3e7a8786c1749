"""Condition: seen so often within so long."""

from __future__ import annotations

from core.config.conditions import For
from core.decide.condition.condition import Condition, Match, Spoken
from core.decide.condition.memory import Counted, Memory, Slot
from core.decide.condition.tally import KEPT, Counts, Scale, add

# Up to so many are counted exactly; more in so many steps a window.
_EXACT = 100


class Frequency(Condition):
    """`for: {count, within}`. Once it fires, each further match is a repeat of the alert."""

    def __init__(self, settings: For, by: tuple[str, ...]) -> None:
        self._count = settings.count
        self._within = settings.within.total_seconds()
        self._scale = Scale(self._within, _EXACT if settings.count > _EXACT else None)
        self._kept = KEPT * min(settings.count, _EXACT)
        self.params = f"for {settings.count} {self._within} {by}"

    def seen(self, match: Match, memory: Memory) -> Spoken | None:
        """Count it; full when any window around it holds enough."""
        if match.repeats:
            return Spoken({"count": str(self._count + match.repeats)})
        slot = memory.slots.get(match.key)
        if not isinstance(slot, Counted):
            slot = Counted(match.accepted)
        slot.touched = match.accepted
        place = self._scale.place(match.at)
        add(slot.hits, place, most=self._kept)
        counts, length = Counts(slot.hits), self._scale.length
        count = max(counts.between(end - length, end) for end in counts.ends(place, length))
        if count < self._count:
            memory.put(match.key, slot)
            return None
        memory.drop(match.key)
        return Spoken({"count": str(count)})

    def is_past(self, slot: Slot, upto: float) -> bool:
        """A late event may still fill it, for as long as a window lasts."""
        return upto - slot.touched > 2 * self._within
