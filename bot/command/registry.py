"""Every command, in the order that /help lists them. A new one is a file and a line here."""

from __future__ import annotations

from bot.command import (
    ack,
    alerts,
    ask,
    assign,
    escalate,
    incidents,
    maintenance,
    note,
    oncall,
    reopen,
    resolve,
    retry,
    runbook,
    search,
    show,
    silence,
    similar,
    status,
    unack,
    unsilence,
    upload,
    why,
)
from bot.command import help as help_
from bot.command.command import Command

COMMANDS: tuple[Command, ...] = (
    incidents.COMMAND,
    alerts.COMMAND,
    show.COMMAND,
    why.COMMAND,
    ack.COMMAND,
    unack.COMMAND,
    resolve.COMMAND,
    reopen.COMMAND,
    assign.COMMAND,
    escalate.COMMAND,
    note.COMMAND,
    silence.COMMAND,
    unsilence.COMMAND,
    maintenance.COMMAND,
    oncall.COMMAND,
    search.COMMAND,
    ask.COMMAND,
    similar.COMMAND,
    runbook.COMMAND,
    upload.COMMAND,
    retry.COMMAND,
    status.COMMAND,
    help_.COMMAND,
)
