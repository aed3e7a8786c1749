"""Why a command was not done, in the words of the conversation."""

from __future__ import annotations

from core.errors import TocsinError


class Unable(TocsinError):
    """What was asked cannot be done; the text is markdown, and the whole answer.

    Raised by commands for what a person got wrong or came too late for: usage, a missing
    incident, a status that does not allow the step.
    """
