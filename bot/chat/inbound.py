"""What people write to the bot on a platform: taken in once, by someone with rights, answered.

A platform may deliver a message twice; its id is kept for a day, so that a command runs once.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Literal

import structlog
from sqlalchemy import Connection, insert, select

from bot.chat.channel import Heard
from bot.command.dispatcher import Dispatcher
from bot.command.request import CommandRequest
from core.clock import Clock, utc_now
from core.model.audit import Principal, Role
from core.store.database import Database
from core.store.schema import inbound

log = structlog.get_logger(__name__)
Reply = Callable[[str], Awaitable[None]]


class Directory:
    """The people of the settings, by their ids on platforms."""

    def __init__(
        self, by_id: dict[str, tuple[str, Role]], unknown: Literal["refuse", "read"]
    ) -> None:
        """by_id: the platform's stable id → name and role. unknown: what strangers may do."""
        self._by_id = {key: value for key, value in by_id.items() if key}
        self._unknown = unknown

    def principal(self, heard: Heard, via: str) -> Principal:
        """Who wrote. A stranger has no role, or may read where the settings allow it."""
        known = self._by_id.get(heard.sender_id)
        if known is not None:
            return Principal(known[0], known[1], via)
        name = heard.sender_id or heard.sender_name or "unknown"
        may_read = self._unknown == "read" and bool(heard.sender_id)
        return Principal(name[:100], "viewer" if may_read else None, via)


class Inbound:
    """Runs what was heard through the dispatcher."""

    def __init__(
        self,
        db: Database,
        dispatcher: Dispatcher,
        directory: Directory,
        language: str,
        clock: Clock = utc_now,
    ) -> None:
        self._db = db
        self._dispatcher = dispatcher
        self._directory = directory
        self._language = language
        self._clock = clock

    async def take(self, platform: str, heard: Heard, reply: Reply) -> None:
        """Run a message, once however often it is delivered, and answer it with `reply`."""
        if not await self._db.write(lambda c: self._first_time(c, heard)):
            log.info("message_again", channel=heard.channel)
            return
        who = self._directory.principal(heard, f"{platform}:{heard.channel}")
        answer = await self._dispatcher.run(
            CommandRequest(
                text=heard.text,
                who=who,
                language=self._language,
                conversation=f"{heard.channel}:{heard.conversation}",
                channel=heard.channel,
            )
        )
        if answer.text:
            await reply(answer.text)

    def _first_time(self, connection: Connection, heard: Heard) -> bool:
        if not heard.message_id:
            return True  # the platform gave nothing to know it by
        same = (inbound.c.channel == heard.channel, inbound.c.message_id == heard.message_id)
        if connection.execute(select(inbound.c.at).where(*same)).first() is not None:
            return False
        connection.execute(
            insert(inbound).values(
                channel=heard.channel,
                message_id=heard.message_id,
                at=self._clock(),
                payload={"sender": heard.sender_id, "text": heard.text[:4000]},
            )
        )
        return True
