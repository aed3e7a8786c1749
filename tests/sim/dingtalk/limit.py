"""The robot's rate limit: a sliding window, then a long refusal."""

from collections import deque
from dataclasses import dataclass, field


@dataclass(slots=True)
class SlidingLimit:
    """Admits `limit` per `window` seconds; the next one starts `block` seconds of refusal.

    What is refused does not count and does not lengthen the refusal.
    """

    admitted: deque[float] = field(default_factory=deque)
    blocked_until: float = 0.0

    def admit(self, now: float, *, limit: int, window: float, block: float) -> bool:
        """Say whether one more is let through at `now`; `limit` 0 lets everything through."""
        if limit == 0:
            return True
        if now < self.blocked_until:
            return False
        while self.admitted and self.admitted[0] <= now - window:
            self.admitted.popleft()
        if len(self.admitted) >= limit:
            self.blocked_until = now + block
            return False
        self.admitted.append(now)
        return True

    def clear(self) -> None:
        """Forget the window and the refusal."""
        self.admitted.clear()
        self.blocked_until = 0.0
