"""Override: someone takes over an on-call schedule for a while."""

from __future__ import annotations

from datetime import datetime

import msgspec


class Override(msgspec.Struct, frozen=True, kw_only=True):
    """What people see as `OVR-<number>`. person: a name in `people`."""

    id: str
    number: int
    schedule: str
    person: str
    starts_at: datetime
    ends_at: datetime
    comment: str
    created_by: str
    created_at: datetime

    @property
    def short_id(self) -> str:
        """`OVR-2`."""
        return f"OVR-{self.number}"
