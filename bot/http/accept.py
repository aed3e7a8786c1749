"""From a body to the journal: what can be used is durable, what cannot is kept with the reason.

`POST /api/v1/events`, the hooks and the replay of what was rejected all go this way.
"""

from __future__ import annotations

import asyncio
from typing import Literal

import msgspec
import structlog

from bot.http.adapters import Adapter
from bot.http.body import check_well_formed
from bot.http.parts import HttpParts
from core.config.settings import HookSource
from core.errors import InvalidInput, Problem, StoreError
from core.intake.normalise import clean_all, payload_of
from core.intake.parsed import Rejected
from core.intake.request import HookRequest

log = structlog.get_logger(__name__)
MALFORMED = "malformed"  # the reason when a whole body cannot be read
CONTENT_TYPE = "content_type"  # the reason when it says that it is something else
WHOLE = frozenset({MALFORMED, CONTENT_TYPE})  # reasons with which a body is kept, not an entry
KEPT_BYTES = 64 * 1024  # of a body that cannot be used


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
    parts: HttpParts,
    source: str,
    request: HookRequest,
    adapter: Adapter,
    kind: HookSource | Literal[""] = "",
    *,
    again: bool = False,
) -> Accepted:
    """Make the events of a request durable. kind: the hook's source; empty for our own events.

    Entries that cannot be used are reported, and kept unless they come `again`. 400 when a
    body that comes for the first time is not JSON, InvalidInput (422) when nothing in it can be
    used; StoreError when nothing was stored.
    """
    now = parts.clock()
    try:
        if len(request.body) <= adapter.inline:
            parsed = adapter.parse(request, source, now)
        else:
            parsed = await asyncio.to_thread(adapter.parse, request, source, now)
    except InvalidInput as error:
        if not again:
            await keep(parts, source, MALFORMED, str(error), request, adapter, kind)
            if not adapter.types or request.content_type not in adapter.types:
                check_well_formed(request.body)
        raise
    if parsed.events:
        ids = await parts.journal.append(source, parsed.events)
    else:
        ids = []
        if not parsed.rejected:
            parts.journal.on_heard(source, [])  # a ping is a word too
    if not parsed.rejected:
        return Accepted(len(ids), ids)
    if not again:
        await _keep_entries(parts, source, parsed.rejected, kind, _kept(adapter, request))
    if not ids:
        wrong = [_problem(entry.detail) for entry in parsed.rejected]
        raise InvalidInput("nothing in the body can be used", wrong)
    return Accepted(len(ids), ids, [RejectedEntry(r.reason, r.detail) for r in parsed.rejected])


async def keep(
    parts: HttpParts,
    source: str,
    reason: str,
    detail: str,
    request: HookRequest,
    adapter: Adapter,
    kind: HookSource | Literal[""],
) -> None:
    """Keep the beginning of a body that cannot be used."""
    payload, headers = payload_of(request.body[:KEPT_BYTES]), _kept(adapter, request)
    await parts.journal.reject(source, reason, detail, payload, adapter=kind, headers=headers)


def _kept(adapter: Adapter, request: HookRequest) -> dict[str, str]:
    return clean_all(adapter.kept(request.headers))


async def _keep_entries(
    parts: HttpParts, source: str, rejected: list[Rejected], kind: str, headers: dict[str, str]
) -> None:
    writes = (
        parts.journal.reject(source, r.reason, r.detail, r.payload, adapter=kind, headers=headers)
        for r in rejected
    )
    for result in await asyncio.gather(*writes, return_exceptions=True):
        if isinstance(result, StoreError):
            # The good entries are durable: a failure here would have all of them sent again.
            log.error("rejected_not_kept", source=source, error=str(result))
        elif isinstance(result, BaseException):
            raise result


def _problem(detail: str) -> Problem:
    path, colon, message = detail.partition(": ")
    return Problem(path or "body", message) if colon else Problem("body", detail)
