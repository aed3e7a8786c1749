"""What a command is, and what it is given to run with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection

from bot.command.args import Args
from bot.command.last import LastIncidents
from bot.command.parts import CommandParts
from bot.command.request import CommandReply
from bot.command.unable import Unable
from bot.render.escape import Markdown
from bot.render.reply.reader import Reader
from bot.render.words import told
from core.model.audit import Principal, Role
from core.redact import redact

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Context:
    """One command's run: the parts it acts with, who asks, where, and when."""

    parts: CommandParts
    command: Command
    commands: tuple[Command, ...]
    who: Principal
    language: str
    conversation: str
    channel: str
    last: LastIncidents
    now: datetime

    @property
    def reader(self) -> Reader:
        """Who reads the answer."""
        settings = self.parts.settings
        return Reader(self.language, settings.tz, self.now, settings.base_url)

    def say(self, key: str, **values: Any) -> Markdown:
        """A sentence of the catalogue, its values escaped."""
        return told(f"command.{key}", self.language, **values)

    def unable(self, key: str, **values: Any) -> Unable:
        """To raise: a sentence that says why it cannot be done."""
        return Unable(self.say(key, **values))

    def usage(self) -> Unable:
        """To raise: how the command is typed, with an example."""
        return Unable(usage_of(self.command, self.language))

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Read the store."""
        return await self.parts.db.read(work)

    def comment(self, args: Args) -> str:
        """What is left of the arguments, as it may be kept: secrets are masked for good."""
        return redact(args.rest())


Run = Callable[[Context, Args], Awaitable[CommandReply]]


@dataclass(frozen=True)
class Command:
    """A slash command. Its texts are `command.<name>.usage` and `.about` in the catalogue.

    example: a line to copy. role: who may use it. run: raises Unable or a TocsinError.
    """

    name: str
    example: str
    role: Role
    run: Run

    @property
    def usage(self) -> str:
        """The key of how it is typed."""
        return f"command.{self.name}.usage"

    @property
    def about(self) -> str:
        """The key of what it does, in one line."""
        return f"command.{self.name}.about"


def usage_of(command: Command, language: str) -> Markdown:
    """How a command is typed, with an example."""
    return told(
        "command.usage",
        language,
        usage=told(command.usage, language),
        example=command.example,
    )
