"""Condition: a field's value differs from the one before."""

from __future__ import annotations

from core.config.conditions import Change as ChangeSettings
from core.decide.condition.condition import Condition, Match, Spoken
from core.decide.condition.memory import Known, Memory


class Change(Condition):
    """`change: {field, by}`. The first value of a key is only noted."""

    def __init__(self, settings: ChangeSettings, by: tuple[str, ...]) -> None:
        self.params = f"change {settings.field} {by}"

    def seen(self, match: Match, memory: Memory) -> Spoken | None:
        """Compare. What happened before the last value noted says nothing of the present."""
        if match.value is None:
            return None
        slot = memory.slots.get(match.key)
        if not isinstance(slot, Known):
            memory.put(match.key, Known(match.accepted, match.at, match.value))
            return None
        # A note that lies ahead of the clock was made before the clock was set back.
        if match.at < min(slot.at, match.accepted):
            return None
        previous = slot.value
        memory.put(match.key, Known(match.accepted, match.at, match.value))
        return None if match.value == previous else Spoken({"previous": previous})
