"""What every platform offers: take a notification, say what the platform answered."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

import msgspec

from core.decide.telling import Payload
from core.model.notification import Notification, Receipt
from core.oncall.roster import Called
from core.store.queries import Story


class Outgoing(msgspec.Struct, frozen=True):
    """One notification with what is known at the moment it is sent.

    payload: incident and alerts as they were when it was decided; None for kind `event`, whose
    body is fixed in `notification.payload`. story: timeline, similar items, analysis. called: whom
    an escalation calls, as it stands at this moment.
    """

    notification: Notification
    payload: Payload | None
    story: Story
    called: tuple[Called, ...] = ()


class Channel(Protocol):
    """One configured channel. One task at a time calls `send`."""

    name: str

    def messages(self, outgoing: Outgoing) -> int:
        """How many messages of the platform it takes; they count against its limits."""
        ...

    async def send(self, outgoing: Outgoing) -> Receipt:
        """Hand it to the platform; the receipt holds the platform's own success code.

        Raises DeliveryError: `retryable` false when the same message will never be taken;
        `retry_after` in seconds when the platform asks for a pause; `unknown_outcome` when it may
        have been taken. It must be idempotent under `notification.key` where the platform can.
        """
        ...


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """A message a person sent to the bot, whatever the platform.

    message_id: the platform's, for dedupe. sender_id: the platform's stable id of the person, the
    only identity that rights are given by; empty when the platform does not tell it.
    conversation: where the answer goes and what "the last one in this chat" refers to.
    """

    channel: str
    message_id: str
    conversation: str
    sender_id: str
    sender_name: str
    text: str
    at: datetime
