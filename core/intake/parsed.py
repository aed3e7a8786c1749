"""What an adapter makes of one request's body."""

from __future__ import annotations

import msgspec

from core.model.event import Event


class Rejected(msgspec.Struct, frozen=True):
    """One entry that cannot be used.

    reason: a word for metrics. detail: where and why, for people (`events[3].labels: …`).
    payload: the entry as JSON text, secrets masked, shortened when it is long.
    """

    reason: str
    detail: str
    payload: str


class Parsed(msgspec.Struct, frozen=True):
    """The good entries of a body, ready for the journal, and the others."""

    events: list[Event]
    rejected: list[Rejected]
