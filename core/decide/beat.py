"""What counts as a word of a heartbeat."""

from __future__ import annotations

import msgspec

from core.model.matcher import Matcher


class Beat(msgspec.Struct, frozen=True):
    """An event of `source` whose labels fit all `matchers`; without matchers anything it says."""

    name: str
    source: str
    matchers: tuple[Matcher, ...]

    def fits(self, labels: dict[str, str]) -> bool:
        """Whether an event or alert with these labels is such a word."""
        return all(m.matches(labels) for m in self.matchers)
