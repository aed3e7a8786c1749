"""Silence: a person's decision that matching alerts need not be told for a while.

One of kind `maintenance` lets incidents be recorded, may match everything, and what still fires
at its end is told then.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from core.model.matcher import Matcher

SilenceKind = Literal["silence", "maintenance"]


class Silence(msgspec.Struct, frozen=True, kw_only=True):
    """People see it as `SIL-<number>`. Active from starts_at (inclusive) to ends_at (exclusive).

    updated_at: when it was changed or ended by someone; None when it is as it was made.
    room: the channel in which it was made, or empty. reminded: that it ends soon was announced.
    """

    id: str
    number: int
    kind: SilenceKind = "silence"
    matchers: tuple[Matcher, ...]
    starts_at: datetime
    ends_at: datetime
    comment: str
    created_by: str
    created_at: datetime
    updated_at: datetime | None = None
    room: str = ""
    reminded: bool = False

    @property
    def short_id(self) -> str:
        """`SIL-3`."""
        return f"SIL-{self.number}"

    def active(self, at: datetime) -> bool:
        """Whether it silences at that moment."""
        return self.starts_at <= at < self.ends_at

    def matches(self, labels: dict[str, str]) -> bool:
        """Whether all its matchers hold for `labels`."""
        return all(m.matches(labels) for m in self.matchers)
