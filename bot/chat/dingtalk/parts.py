"""A long notification goes out in parts; one that broke off goes on where it stopped."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import msgspec
import structlog

from bot.chat.channel import Outgoing
from bot.chat.dingtalk.errors import Action, Refused
from core.errors import DeliveryError
from core.model.notification import Receipt
from core.text import say

if TYPE_CHECKING:
    from bot.render.notification import Part

log = structlog.get_logger(__name__)

Render = Callable[[Outgoing], "list[Part]"]
Take = Callable[[str, str, str], Awaitable[Receipt]]
"""(title, text, idempotency key) → what the platform said; raises DeliveryError."""

_MAX_BEGUN = 64


class _Begun(msgspec.Struct, frozen=True):
    """alerts: those it tells; when others were merged into it, it is another message."""

    alerts: tuple[str, ...]
    parts: list[Part]
    taken: int


class Parts:
    """Sends notifications of one channel, part by part.

    What was begun is finished as it was rendered first, so that no alert falls between parts that
    were split differently; this is remembered in memory, for the last notifications only.
    """

    def __init__(self, name: str, render: Render, language: str) -> None:
        self._name = name
        self._render = render
        self._language = language
        self._begun: OrderedDict[str, _Begun] = OrderedDict()

    def count(self, outgoing: Outgoing) -> int:
        """How many messages `send` will take for it."""
        return max(1, len(self._render(outgoing)))

    async def send(self, outgoing: Outgoing, take: Take) -> Receipt:
        """Hand every part to `take`; the receipt is the last part's.

        A part whose content the platform refuses (words, links, length) is sent once more,
        reduced to which incident it is and how severe. Raises DeliveryError.
        """
        key, alerts = outgoing.notification.key, outgoing.notification.alerts
        begun = self._begun.pop(key, None)
        if begun is None or begun.alerts != alerts:
            begun = _Begun(alerts, self._render(outgoing), 0)
        total = len(begun.parts)
        receipt: Receipt | None = None
        for at in range(begun.taken, total):
            part_key = key if total == 1 else f"{key}-{at + 1}"
            try:
                receipt = await self._take(outgoing, begun.parts[at], part_key, take)
            except DeliveryError:
                if at > 0:
                    self._remember(key, _Begun(alerts, begun.parts, at))
                raise
        if receipt is None:
            raise DeliveryError("there is nothing to send", code="empty", retryable=False)
        return receipt

    async def _take(self, outgoing: Outgoing, part: Part, key: str, take: Take) -> Receipt:
        try:
            return await take(part.title, part.text, key)
        except Refused as refused:
            if refused.action is not Action.RERENDER:
                raise
            log.warning("dingtalk_content_refused", channel=self._name, code=refused.code)
            title, text = reduced(outgoing, self._language)
            receipt = await take(title, text, f"{key}-reduced")
            return msgspec.structs.replace(receipt, text=f"{receipt.text}; reduced after {refused}")

    def _remember(self, key: str, begun: _Begun) -> None:
        self._begun[key] = begun
        if len(self._begun) > _MAX_BEGUN:
            self._begun.popitem(last=False)


def is_first(part_key: str, key: str) -> bool:
    """Whether a part's key is that of the first one of the notification `key`."""
    return part_key.removesuffix("-reduced") in {key, f"{key}-1"}


def subject(outgoing: Outgoing) -> tuple[str, str]:
    """(`INC-3`, its severity): what a notification is about, in words no filter minds."""
    payload = outgoing.payload
    if payload is not None and payload.incident is not None:
        return payload.incident.short_id, payload.incident.severity
    if payload is not None and payload.alerts:
        return payload.alerts[0].short_id, payload.alerts[0].severity
    return outgoing.notification.short_id, "info"


def reduced(outgoing: Outgoing, language: str) -> tuple[str, str]:
    """Title and text with no word of the alert's own."""
    what, severity = subject(outgoing)
    title = say("dingtalk.reduced_title", language, id=what, severity=severity)
    return title, say("dingtalk.reduced", language, id=what, severity=severity)


def shortened(outgoing: Outgoing, language: str) -> str:
    """What a shortened text ends with: where the whole of it is."""
    return say("dingtalk.shortened_see", language, id=subject(outgoing)[0])
