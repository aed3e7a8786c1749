"""Notification: one thing to tell one channel; its row is the outbox."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from core.model.escalating import Escalation

NotificationState = Literal["pending", "sending", "sent", "failed", "dead"]
NotificationKind = Literal["firing", "resolved", "digest", "update", "reply", "notice", "event"]


class Receipt(msgspec.Struct, frozen=True):
    """The platform's own code and words, and when it said them."""

    code: str
    text: str
    at: datetime


class Notification(msgspec.Struct, kw_only=True):
    """An outbox row. People see it as `NTF-<number>`.

    alerts: ids of the alerts it tells; kind `event` is an outgoing-webhook event whose `type`
    is in `event_type`; kind `notice` says that a silence ends soon. payload: what was fixed at
    the moment of the decision, as JSON text (the alerts and the incident as they were), so that
    a late send tells what was decided.
    key: the idempotency key handed to platforms that take one.
    priority: 0 critical, 1 firing, 2 resolved, 3 updates; lower goes first.
    accepted_at: when the event behind it was accepted, for the latency metric.
    escalation: the step of an escalation that it is a message of.
    """

    id: str
    number: int
    channel: str
    incident: int | None
    alerts: tuple[str, ...]
    kind: NotificationKind
    state: NotificationState = "pending"
    event_type: str = ""
    payload: str = ""
    attempts: int = 0
    priority: int = 1
    key: str
    receipt: Receipt | None = None
    merged_into: str | None = None
    maybe_duplicate: bool = False
    accepted_at: datetime | None = None
    escalation: Escalation | None = None
    due_at: datetime
    created_at: datetime
    sent_at: datetime | None = None

    @property
    def short_id(self) -> str:
        """`NTF-9`."""
        return f"NTF-{self.number}"
