"""The built-in room as a channel: a notification becomes a line that browsers show at once."""

from __future__ import annotations

from collections.abc import Callable

from bot.chat.channel import Outgoing
from bot.chat.web.log import HOUSE, RoomLog
from bot.render.notification import Part
from core.config.channels import WebRoom as Settings
from core.model.notification import Receipt


class WebRoom:
    """A channel of type `web`. It always takes what it is sent, once per notification key.

    lines: the process's one RoomLog, shared with the routes. render: the notification as Markdown
    parts in this room's language; nothing limits a line here, so that they become one.
    """

    def __init__(
        self, settings: Settings, lines: RoomLog, render: Callable[[Outgoing], list[Part]]
    ) -> None:
        self.name = settings.name
        self._lines = lines
        self._render = render

    def messages(self, outgoing: Outgoing) -> int:
        """One line, however long."""
        return 1

    async def send(self, outgoing: Outgoing) -> Receipt:
        """Put it into the room. The receipt's code is `0`, its text `ok`."""
        notification = outgoing.notification
        line = await self._lines.append(
            self.name,
            HOUSE,
            "\n\n".join(part.text for part in self._render(outgoing)),
            "markdown",
            incident=notification.incident,
            key=notification.key,
        )
        return Receipt("0", "ok", line.at)
