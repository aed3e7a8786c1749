"""Which incident a conversation spoke of last, so that `/ack` alone is enough."""

from __future__ import annotations

from collections import OrderedDict
from itertools import count

_KEPT = 1000


class LastIncidents:
    """The last incident of each conversation and channel; the longest quiet are forgotten."""

    def __init__(self, limit: int = _KEPT) -> None:
        self._limit = limit
        self._turn = count()
        self._last: OrderedDict[str, tuple[int, int]] = OrderedDict()

    def acted_on(self, conversation: str, incident: int) -> None:
        """Someone in this conversation did something to an incident, or looked at it."""
        self._keep(f"conversation {conversation}", incident)

    def told(self, channel: str, incident: int) -> None:
        """Everyone in this channel was told of an incident."""
        self._keep(f"channel {channel}", incident)

    def _keep(self, key: str, incident: int) -> None:
        self._last[key] = next(self._turn), incident
        self._last.move_to_end(key)
        while len(self._last) > self._limit:
            self._last.popitem(last=False)

    def recall(self, conversation: str, channel: str) -> int | None:
        """The later of the two, or None when nothing is remembered."""
        known = [
            self._last[key]
            for key in (f"conversation {conversation}", f"channel {channel}")
            if key in self._last
        ]
        return max(known)[1] if known else None
