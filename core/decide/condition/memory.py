"""What a rule's condition remembers between events: a few figures for each key, bounded.

Moments are Unix seconds. A key is what is looked at apart from others: a host, a user.
"""

from __future__ import annotations

import msgspec

from core import metrics

# Of one rule. With more, those untouched for longest are forgotten, and counted.
MAX_KEYS = 10_000


class Counted(msgspec.Struct, tag=True):
    """How often something was seen, by place on its scale; in the order of arrival, latest last.

    touched: when the last one was accepted; so in all slots.
    """

    touched: float
    hits: dict[float, int] = {}


class Awaited(msgspec.Struct, tag=True):
    """Something that must be seen again before `due`. missed: it was not, and that was said.

    by: the values of the labels and fields that make the key.
    """

    touched: float
    due: float
    by: tuple[str, ...] = ()
    missed: bool = False


class Known(msgspec.Struct, tag=True):
    """A value, and when it was seen last (`at`)."""

    touched: float
    at: float
    value: str = ""


Slot = Counted | Awaited | Known


class Memory(msgspec.Struct):
    """What one rule remembers.

    params: what its condition was made of; with others the memory means nothing.
    since: when the rule began to look; looked: when it last did.
    slots: by key, those touched lately last.
    dirty: keys to be written by the next commit. soonest: no key is due before it; not stored.
    """

    params: str
    since: float
    looked: float
    slots: dict[str, Slot] = {}
    dirty: set[str] = set()
    soonest: float = 0.0

    def put(self, key: str, slot: Slot) -> None:
        """Remember `slot` under `key`, as the one touched last."""
        self.slots.pop(key, None)
        self.slots[key] = slot
        self.dirty.add(key)
        while len(self.slots) > MAX_KEYS:
            self.drop(next(iter(self.slots)))
            metrics.RULE_KEYS_FORGOTTEN.inc()

    def drop(self, key: str) -> None:
        """Forget a key."""
        self.slots.pop(key, None)
        self.dirty.add(key)
