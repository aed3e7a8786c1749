"""Condition: seen so often within so long."""

from __future__ import annotations

from core.config.conditions import For
from core.decide.condition.condition import Facts, Match
from core.decide.condition.memory import Counted, Memory, Slot
from core.decide.condition.tally import EXACT, KEPT, Scale, add, fullest


class Frequency:
    """`for: {count, within}`. Once it fires, each further match is a repeat of the alert."""

    def __init__(self, settings: For) -> None:
        self._count = settings.count
        self._within = settings.within.total_seconds()
        self._scale = Scale(self._within, exact=settings.count <= EXACT)
        self._kept = KEPT * min(settings.count, EXACT)
        self.params = f"for {settings.count} {self._within} {settings.by}"

    def seen(self, match: Match, memory: Memory) -> Facts | None:
        """Count it; full when any window around it holds enough."""
        if match.repeats:
            return {"count": str(self._count + match.repeats)}
        slot = memory.slots.get(match.key) or Counted(match.accepted)
        slot.touched = match.accepted
        place = self._scale.place(match.at)
        add(slot.hits, place, most=self._kept)
        if (count := fullest(slot.hits, place, self._scale.length)) < self._count:
            memory.put(match.key, slot)
            return None
        memory.drop(match.key)
        return {"count": str(count)}

    def is_past(self, slot: Slot, upto: float) -> bool:
        """A late event may still fill it, for as long as a window lasts."""
        return upto - slot.touched > 2 * self._within
