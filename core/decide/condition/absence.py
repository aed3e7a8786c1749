"""Condition: nothing that matches for so long. Raised by time; over when it is seen again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from core.config.conditions import Absence as AbsenceSettings
from core.decide.condition.condition import Condition, Match, Missed, Spoken
from core.decide.condition.memory import Awaited, Memory
from core.decide.fingerprint import fingerprint

# After a start those who read need a moment to catch up.
_CATCH_UP = 10.0
_NEVER = float("inf")


class Absence(Condition):
    """`absence: {for, by}`. Time in which nobody looked does not count.

    Without `by` the rule waits from its beginning; with it, for each that was seen.
    """

    watches_time = True

    def __init__(self, settings: AbsenceSettings, by: tuple[str, ...]) -> None:
        self._for = settings.for_.total_seconds()
        self._whole = not by
        self.params = f"absence {self._for} {by}"

    def begun(self, memory: Memory, now: float) -> None:
        """Wait for the rule's one key; nothing is missed before those who read caught up."""
        key = fingerprint()
        if self._whole and key not in memory.slots:
            memory.put(key, Awaited(now, now + self._for))
        self._put_off(memory, 0.0, now)

    def seen(self, match: Match, memory: Memory) -> Spoken | None:
        """Begin to wait anew; what was missed is over, unless this came too late to say so."""
        slot = memory.slots.get(match.key)
        due = match.at + self._for
        over = due > match.accepted
        if not isinstance(slot, Awaited):
            if not over:
                return None  # so late that it says nothing of whether it is there now
            slot = Awaited(match.accepted, due, match.by)
            memory.soonest = min(memory.soonest, due)
        slot.touched = match.accepted
        slot.due = max(slot.due, due)
        if slot.missed and over:
            slot.missed = False
            memory.soonest = min(memory.soonest, slot.due)
        memory.put(match.key, slot)
        return Spoken(ends=True) if over else None

    def unseen(self, memory: Memory, gap: float, now: float) -> None:
        """Put off all that is waited for by the time nobody looked."""
        self._put_off(memory, gap, now)

    def _put_off(self, memory: Memory, gap: float, now: float) -> None:
        soonest = now + min(self._for, _CATCH_UP)
        for key, slot in _waited_for(memory):
            due = max(slot.due + gap, soonest)
            if due != slot.due:
                slot.due = due
                memory.dirty.add(key)
        memory.soonest = 0.0

    def missed(self, memory: Memory, upto: float) -> Iterable[Missed]:
        """Each key whose time has passed."""
        if upto < memory.soonest:
            return []
        found = [(key, slot) for key, slot in _waited_for(memory) if slot.due <= upto]
        for key, slot in found:
            slot.missed = True
            memory.dirty.add(key)
        memory.soonest = min((slot.due for _key, slot in _waited_for(memory)), default=_NEVER)
        return [Missed(key, slot.by) for key, slot in found]

    def next_due(self, memory: Memory) -> float | None:
        """The soonest of all, or somewhat before it."""
        return memory.soonest if 0.0 < memory.soonest < _NEVER else None


def _waited_for(memory: Memory) -> Iterator[tuple[str, Awaited]]:
    for key, slot in memory.slots.items():
        if isinstance(slot, Awaited) and not slot.missed:
            yield key, slot
