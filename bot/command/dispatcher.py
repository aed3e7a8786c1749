"""From a typed line to an answer: permission first, then the command, then the audit log."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Literal

import structlog

from bot.audit import Audit
from bot.command.args import Args
from bot.command.command import Command, Context
from bot.command.last import LastIncidents
from bot.command.parser import MAX_TEXT, Parsed, parse
from bot.command.parts import CommandParts
from bot.command.registry import COMMANDS
from bot.command.request import CommandReply, CommandRequest
from bot.command.unable import Unable
from bot.render.escape import Markdown
from bot.render.words import brief, told
from core import metrics
from core.errors import (
    Conflict,
    InvalidInput,
    NotFound,
    PermissionDenied,
    StoreError,
    TocsinError,
)
from core.redact import redact

log = structlog.get_logger(__name__)
Outcome = Literal["ok", "denied", "failed"]
# The more particular first: the first class that fits says it.
_SENTENCES: tuple[tuple[type[TocsinError], str], ...] = (
    (PermissionDenied, "command.error.denied"),
    (NotFound, "command.error.not_found"),
    (Conflict, "command.error.conflict"),
    (InvalidInput, "command.error.invalid"),
    (StoreError, "command.error.store"),
    (TocsinError, "command.error.other"),
)


class Dispatcher:
    """Runs commands. One for all rooms: who asks and where stands in the request."""

    def __init__(
        self, parts: CommandParts, audit: Audit, commands: tuple[Command, ...] = COMMANDS
    ) -> None:
        self._parts = parts
        self._audit = audit
        self._commands = {command.name: command for command in commands}
        self._last = LastIncidents()

    def told(self, channel: str, incident: int) -> None:
        """A channel was told of an incident: it is now the last one there."""
        self._last.told(channel, incident)

    async def run(self, request: CommandRequest) -> CommandReply:
        """Do what `request` asks. Never raises: what goes wrong is said in the reply."""
        parsed = parse(request.text)
        if parsed is None:
            hint = told("command.hint", request.language) if request.addressed else ""
            return CommandReply(hint)
        command = self._commands.get(parsed.name)
        reply, outcome = await self._answer(request, parsed, command)
        if reply.incident is not None and outcome == "ok":
            self._last.acted_on(request.conversation, reply.incident)
        name = command.name if command else "unknown"
        metrics.COMMANDS.labels(name, outcome).inc()
        await self._write(request, name, parsed, reply, outcome)
        return reply

    async def _answer(
        self, request: CommandRequest, parsed: Parsed, command: Command | None
    ) -> tuple[CommandReply, Outcome]:
        language = request.language
        if not request.who.may(command.role if command else "viewer"):
            return CommandReply(_refusal(request, command)), "denied"
        if command is None:
            return CommandReply(self._unknown(parsed.name, language)), "failed"
        if parsed.too_long:
            return CommandReply(told("command.too_long", language, n=MAX_TEXT)), "failed"
        context = Context(
            parts=self._parts,
            command=command,
            commands=tuple(self._commands.values()),
            who=request.who,
            language=language,
            conversation=request.conversation,
            channel=request.channel,
            last=self._last,
            now=self._parts.clock(),
        )
        try:
            return await command.run(context, Args(parsed)), "ok"
        except Unable as why:
            return CommandReply(str(why)), "failed"
        except TocsinError as error:
            log.warning("command_failed", command=command.name, error=str(error))
            outcome: Outcome = "denied" if isinstance(error, PermissionDenied) else "failed"
            return CommandReply(_sentence(error, language)), outcome
        except Exception:
            log.exception("command_crashed", command=command.name)
            return CommandReply(told("command.error.crash", language)), "failed"

    def _unknown(self, name: str, language: str) -> Markdown:
        near = get_close_matches(name[:40], self._commands, n=3, cutoff=0.5)
        # Of those that are equally near, the one with the same letters: `/akc` is /ack.
        near.sort(key=lambda known: sorted(known) != sorted(name))
        if near:
            return told("command.unknown_near", language, name=name[:40], near=near[0])
        return told("command.unknown", language, name=name[:40])

    async def _write(
        self,
        request: CommandRequest,
        name: str,
        parsed: Parsed,
        reply: CommandReply,
        outcome: Outcome,
    ) -> None:
        typed = redact(f"/{parsed.name} {parsed.text}".strip())
        on = f"INC-{reply.incident}" if reply.incident else redact(parsed.text)[:80]
        try:
            await self._audit.write(request.who, f"command./{name}", on, outcome, typed)
        except StoreError as error:
            # What was done is done; the answer must not say that it failed.
            log.error("command_not_audited", command=name, by=request.who.name, error=str(error))


def _refusal(request: CommandRequest, command: Command | None) -> Markdown:
    language, who = request.language, request.who
    if who.role is None or command is None:
        return told("command.refused_stranger", language, name=who.name[:80] or "-")
    return told(
        "command.refused",
        language,
        command=command.name,
        name=who.name[:80],
        have=told(f"command.role.{who.role}", language),
        need=told(f"command.role.{command.role}", language),
    )


def _sentence(error: TocsinError, language: str) -> Markdown:
    key = next(key for kind, key in _SENTENCES if isinstance(error, kind))
    return told(key, language, detail=brief(str(error), 400, language))
