"""Who may do what, and what they did."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

Role = Literal["ingest", "viewer", "responder", "editor", "admin"]
_ORDER: dict[str, int] = {"viewer": 1, "responder": 2, "editor": 3, "admin": 4}


class Principal(msgspec.Struct, frozen=True):
    """Who is acting. role None: a chat sender who is not in `people`.

    name: the person's name in `people`, a token's name, or the platform's id.
    via: where they act from: `api`, `web`, `dingtalk:ops-app`, …
    """

    name: str
    role: Role | None
    via: str

    def may(self, needed: Role) -> bool:
        """Whether this principal's role includes `needed`. `ingest` includes nothing else."""
        if self.role is None:
            return False
        if needed == "ingest":
            return self.role in {"ingest", "admin"}
        return _ORDER.get(self.role, 0) >= _ORDER[needed]


class AuditEntry(msgspec.Struct, frozen=True):
    """One act of a person or program. outcome: ok, denied, failed."""

    at: datetime
    by: str
    via: str
    action: str
    object: str
    outcome: Literal["ok", "denied", "failed"]
    detail: str = ""
