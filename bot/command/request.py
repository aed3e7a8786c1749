"""What a person typed, and what they read in answer."""

from __future__ import annotations

import msgspec

from core.model.audit import Principal


class CommandRequest(msgspec.Struct, frozen=True):
    """One message to the bot.

    who: the sender, with role None when nobody knows them (or viewer, when
    `chat.unknown_senders` is `read`). conversation: where the answer goes; "the last incident"
    is remembered by it. channel: whose notifications are read there. addressed: the bot was
    spoken to; other talk is answered only when it is a command.
    """

    text: str
    who: Principal
    language: str
    conversation: str
    channel: str = ""
    addressed: bool = True


class CommandReply(msgspec.Struct, frozen=True):
    """text: markdown for chat, under 3,000 characters; empty when there is nothing to say.

    incident: the number of the incident it is about.
    """

    text: str
    incident: int | None = None
