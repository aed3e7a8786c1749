"""What a restart makes of a memory."""

from __future__ import annotations

import msgspec

from core.decide.condition.memory import Memory, Slot


def restarted(memory: Memory) -> Memory:
    """Through the texts that are stored, in the order they are loaded in."""
    stored = {key: msgspec.json.encode(slot) for key, slot in memory.slots.items()}
    loaded = {key: msgspec.json.decode(text, type=Slot) for key, text in stored.items()}
    order = sorted(loaded, key=lambda key: (loaded[key].touched, key))
    slots = {key: loaded[key] for key in order}
    return Memory(memory.params, memory.since, memory.looked, slots)
