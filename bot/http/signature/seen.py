"""Signed messages that were taken a short while ago: who records one cannot send it again.

Standard Webhooks sign the message's id. Outside standard.WINDOW the signed time is refused; within
it the id is remembered. In memory and so in this process only: after a restart, or at another
replica, a repeat within the window counts as the same alert once more.
"""

from __future__ import annotations

from datetime import datetime

from bot.http.signature.standard import WINDOW
from core.config.settings import Hook
from core.intake.request import HookRequest

MAX_KNOWN = 10_000
_LIFE = 2 * WINDOW  # a signed time may lie as much before now as after it


class Seen:
    """The ids of signed messages that were taken."""

    def __init__(self) -> None:
        self._until: dict[tuple[str, str, str], datetime] = {}  # the oldest first

    def knows(self, hook: Hook, request: HookRequest, now: datetime) -> bool:
        """Whether this message was taken already."""
        key = _key(hook, request)
        return key is not None and now < self._until.get(key, now)

    def remember(self, hook: Hook, request: HookRequest, now: datetime) -> None:
        """It is taken. Without a signed id there is nothing to remember."""
        key = _key(hook, request)
        if key is None:
            return
        self._until.pop(key, None)
        self._until[key] = now + _LIFE
        while len(self._until) > MAX_KNOWN or next(iter(self._until.values())) <= now:
            del self._until[next(iter(self._until))]


def _key(hook: Hook, request: HookRequest) -> tuple[str, str, str] | None:
    signed = hook.auth.platform is not None and "webhook-signature" in request.headers
    message = request.headers.get("webhook-id", "")
    return (hook.source, hook.name, message) if signed and message else None
