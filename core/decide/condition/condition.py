"""What a condition is asked, and what it answers."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from core.decide.condition.memory import Memory, Slot


class Match(msgspec.Struct, frozen=True):
    """A line or event that a rule's `match` and `where` hold on.

    key: what it is looked at apart by, and by: the values that make it.
    at: when it happened; accepted: when tocsin had it.
    value: of the field that the condition watches; None when the event has none.
    repeats: how often the alert it belongs to was seen since it fires; 0 when it does not fire.
    """

    key: str
    at: float
    accepted: float
    by: tuple[str, ...] = ()
    value: str | None = None
    repeats: int = 0


class Spoken(msgspec.Struct, frozen=True):
    """The rule speaks up. facts: what templates may fill in beside fields and labels.

    ends: what was missed is there again.
    """

    facts: dict[str, str] = {}
    ends: bool = False


class Missed(msgspec.Struct, frozen=True):
    """What was not seen in time. by: the values that make its key."""

    key: str
    by: tuple[str, ...]


class Condition:
    """One way to look over time.

    params: all that its memory depends on. watches_time: whether it matters that time passes
    while nothing is seen; then it is told when it could not look.
    """

    params: str
    watches_time = False

    def seen(self, match: Match, memory: Memory) -> Spoken | None:
        """Take note of a match. None: nothing to say (yet)."""
        raise NotImplementedError

    def is_past(self, slot: Slot, upto: float) -> bool:
        """Whether nothing of a key matters any more when all up to `upto` has been seen."""
        return False

    def begun(self, memory: Memory, now: float) -> None:
        """The rule looks for the first time, or again after a start."""

    def unseen(self, memory: Memory, gap: float, now: float) -> None:
        """Nobody looked for `gap` seconds, or the clock was set by so much (back: less than 0)."""

    def missed(self, memory: Memory, upto: float) -> Iterable[Missed]:
        """What was not seen in time, when all up to `upto` has been seen; each is named once."""
        return ()

    def next_due(self, memory: Memory) -> float | None:
        """When `missed` has something to name next, as far as is known."""
        return None
