"""From a body to the journal: what can be used is durable, what cannot is kept with the reason.

`POST /api/v1/events`, the hooks and the replay of what was rejected all go this way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

import msgspec
import structlog

from bot.http.body import check_well_formed
from bot.http.parts import HttpParts
from core.errors import InvalidInput, Problem, StoreError
from core.intake.normalise import payload_of
from core.intake.parsed import Parsed, Rejected

log = structlog.get_logger(__name__)
Parse = Callable[[bytes, str, datetime], Parsed]
MALFORMED = "malformed"  # the reason when a whole body cannot be read
KEPT_BYTES = 64 * 1024  # of a body that cannot be used
LARGE = 128 * 1024  # bytes; reading more would hold the event loop for too long


class RejectedEntry(msgspec.Struct, frozen=True):
    """An entry of a batch that could not be used. reason: a word; detail: where and why."""

    reason: str
    detail: str


class Accepted(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of a body. ids: the events', in the order they were sent."""

    accepted: int
    ids: list[str] = []
    rejected: list[RejectedEntry] = []


async def accept(
    parts: HttpParts, source: str, raw: bytes, parse: Parse, *, again: bool = False
) -> Accepted:
    """Make the events of a body durable.

    Entries that cannot be used are reported, and kept unless they come `again`. 400 when a
    body that comes for the first time is not JSON, InvalidInput (422) when nothing in it can be
    used; StoreError when nothing was stored.
    """
    now = parts.clock()
    try:
        if len(raw) <= LARGE:
            parsed = parse(raw, source, now)
        else:
            parsed = await asyncio.to_thread(parse, raw, source, now)
    except InvalidInput as error:
        if not again:
            await keep(parts, source, MALFORMED, str(error), raw)
            check_well_formed(raw)
        raise
    ids = await parts.journal.append(source, parsed.events) if parsed.events else []
    if not parsed.rejected:
        return Accepted(len(ids), ids)
    if not again:
        await _keep_entries(parts, source, parsed.rejected)
    if not ids:
        wrong = [_problem(entry.detail) for entry in parsed.rejected]
        raise InvalidInput("nothing in the body can be used", wrong)
    return Accepted(len(ids), ids, [RejectedEntry(r.reason, r.detail) for r in parsed.rejected])


async def keep(parts: HttpParts, source: str, reason: str, detail: str, raw: bytes) -> None:
    """Keep the beginning of a body that cannot be used."""
    await parts.journal.reject(source, reason, detail, payload_of(raw[:KEPT_BYTES]))


async def _keep_entries(parts: HttpParts, source: str, rejected: list[Rejected]) -> None:
    writes = (parts.journal.reject(source, r.reason, r.detail, r.payload) for r in rejected)
    for result in await asyncio.gather(*writes, return_exceptions=True):
        if isinstance(result, StoreError):
            # The good entries are durable: a failure here would have all of them sent again.
            log.error("rejected_not_kept", source=source, error=str(result))
        elif isinstance(result, BaseException):
            raise result


def _problem(detail: str) -> Problem:
    path, colon, message = detail.partition(": ")
    return Problem(path or "body", message) if colon else Problem("body", detail)
