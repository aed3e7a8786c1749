"""Ids: UUIDv7 (RFC 9562) for programs, short ids (`INC-42`) for people.

Events of one journal batch share their batch's UUID; the index stands in the last 20 bits. So an
event's id leads straight to the row that holds it, without an index of events.
"""

from __future__ import annotations

import os
import re
import threading
import time
import uuid
from datetime import datetime

INDEX_BITS = 20
_INDEX_MASK = (1 << INDEX_BITS) - 1
_lock = threading.Lock()
_last = 0

SHORT_ID = re.compile(r"^(INC|ALT|NTF|UPL|TSK|SIL|OVR|KB)-(\d{1,12})$", re.IGNORECASE)


def _uuid7_int() -> int:
    """128 bits of a UUIDv7 that is larger than every one this process made before.

    Layout: 48 bits ms, version, 12 bits counter (kept in `_last`), variant, 62 bits random.
    """
    global _last
    with _lock:
        stamp = (time.time_ns() // 1_000_000) << 12
        _last = stamp if stamp > _last else _last + 1
        ms, counter = _last >> 12, _last & 0xFFF
    rand = int.from_bytes(os.urandom(8)) & ((1 << 62) - 1)
    return (ms << 80) | (0x7 << 76) | (counter << 64) | (0b10 << 62) | rand


def _text(number: int) -> str:
    """128 bits as a UUID is written: every request needs it, and uuid.UUID takes three times as
    long."""
    digits = f"{number:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def uuid7() -> str:
    """A new UUIDv7 as text; later ones sort after earlier ones of this process."""
    return _text(_uuid7_int())


def uuid7_from(at: datetime) -> str:
    """A text that sorts before every UUIDv7 made at `at` or later, and after those made before."""
    return str(uuid.UUID(int=max(int(at.timestamp() * 1000), 0) << 80))


def batch_id() -> str:
    """A UUIDv7 with its last 20 bits zero: the id of a journal batch and of its first event."""
    return _text(_uuid7_int() & ~_INDEX_MASK)


def event_ids(batch: str, count: int) -> list[str]:
    """The ids of the events of `batch`, in order: the index stands in the last five digits."""
    prefix = batch[:-5]
    return [f"{prefix}{index:05x}" for index in range(count)]


def split_event_id(value: str) -> tuple[uuid.UUID, int]:
    """The batch an event id belongs to, and the event's index in it. ValueError when malformed."""
    number = uuid.UUID(value).int
    return uuid.UUID(int=number & ~_INDEX_MASK), number & _INDEX_MASK


def short_id(kind: str, number: int) -> str:
    """`short_id("INC", 42)` is `INC-42`."""
    return f"{kind}-{number}"


def parse_short_id(text: str, kind: str) -> int | None:
    """The number in `INC-42` (any case) or in a bare `42`; None when `text` is neither."""
    if text.isascii() and text.isdigit() and len(text) <= 12:
        return int(text)
    found = SHORT_ID.match(text.strip())
    return int(found[2]) if found and found[1].upper() == kind else None
