"""What a condition is asked, and what it answers."""

from __future__ import annotations

from typing import Protocol

import msgspec

from core.decide.condition.memory import Memory, Slot


class Match(msgspec.Struct, frozen=True):
    """A line or event that a rule's `match` and `where` hold on.

    key: what it is looked at apart by. at: when it happened; accepted: when tocsin had it.
    value: of the field that the condition watches; None when the event has none.
    repeats: how often the alert it belongs to was seen since it fires; 0 when it does not fire.
    """

    key: str
    at: float
    accepted: float
    value: str | None = None
    repeats: int = 0


# What templates may fill in beside fields and labels: `count`, `previous`.
Facts = dict[str, str]


class Condition(Protocol):
    """One way to look over time. `params` names all that its memory depends on."""

    params: str

    def seen(self, match: Match, memory: Memory) -> Facts | None:
        """Take note of a match. What there is to say when the rule speaks up, else None."""
        ...

    def is_past(self, slot: Slot, upto: float) -> bool:
        """Whether nothing of a key matters any more when all up to `upto` has been seen."""
        ...
