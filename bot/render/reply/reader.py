"""Who reads the answer: in which language, in which time zone, at what moment."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec


class Reader(msgspec.Struct, frozen=True):
    """base_url: the address of the web room, for links."""

    language: str
    tz: ZoneInfo
    now: datetime
    base_url: str
