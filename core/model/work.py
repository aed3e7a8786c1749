"""Work: what a task is to do, before it is a row."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """Slow work that is handed over in the transaction that asks for it.

    key: while an unfinished task has this key, nothing is added. queue: defaults to the kind.
    run_at: not before; None is at once. priority: lower first.
    """

    kind: str
    payload: dict[str, Any]
    key: str | None = None
    queue: str = ""
    run_at: datetime | None = None
    priority: int = 1
