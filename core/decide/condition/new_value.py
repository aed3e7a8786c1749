"""Condition: a field takes a value that was not seen for so long, or never."""

from __future__ import annotations

from core.config.conditions import NewValue as NewValueSettings
from core.decide.condition.condition import Condition, Match, Spoken
from core.decide.condition.memory import Known, Memory, Slot
from core.decide.fingerprint import fingerprint

# A sighting is noted when the last one noted is older than this part of `within`: known values
# come all the time, and each note is a row to write.
_STEP = 1 / 100


class NewValue(Condition):
    """`new_value: {field, learn, within, by}`. At first, for `learn`, all values are taken in."""

    def __init__(self, settings: NewValueSettings, by: tuple[str, ...]) -> None:
        self._learn = settings.learn.total_seconds()
        self._within = settings.within.total_seconds()
        self.params = f"new_value {settings.field} {by}"

    def seen(self, match: Match, memory: Memory) -> Spoken | None:
        """Whether this value is new. An event without the field says nothing."""
        if match.value is None:
            return None
        key = fingerprint(match.key, match.value)
        slot = memory.slots.get(key)
        last = slot.at if isinstance(slot, Known) else None
        if last is None or match.at - last >= self._within * _STEP:
            memory.put(key, Known(match.accepted, match.at))
        known = last is not None and match.at - last <= self._within
        learning = match.accepted < memory.since + self._learn
        return None if known or learning else Spoken()

    def is_past(self, slot: Slot, upto: float) -> bool:
        """Not seen for so long that it would be new again, also to what comes late."""
        return upto - slot.touched > 2 * self._within
