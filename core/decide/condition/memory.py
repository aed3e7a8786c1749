"""What a rule's condition remembers between events: a few figures for each key, bounded.

Moments are Unix seconds. A key is what is looked at apart from others: a host, a user.
"""

from __future__ import annotations

import msgspec

from core import metrics

# Of one rule. With more, those untouched for longest are forgotten, and counted.
MAX_KEYS = 10_000


class Counted(msgspec.Struct, tag=True):
    """How often something was seen, by moment; in the order of arrival, latest last.

    touched: when the last one was accepted.
    """

    touched: float
    hits: dict[float, int] = {}


Slot = Counted


class Memory(msgspec.Struct):
    """What one rule remembers.

    params: what its condition was made of; with others the memory means nothing.
    since: when the rule began to look; looked: when it last did.
    slots: by key, those touched lately last.
    dirty: keys to be written by the next commit.
    """

    params: str
    since: float
    looked: float = 0.0
    slots: dict[str, Slot] = {}
    dirty: set[str] = set()

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
