"""What was sent and could not be used: looked at, and tried again."""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection, delete

from bot.http.accept import WHOLE, Accepted, accept
from bot.http.adapters import NATIVE, Adapter, adapter_of
from bot.http.alertmanager.alerts import adapter as api_v2
from bot.http.listing import Listing
from bot.http.route import Call, Route
from bot.http.routes.events import SOURCE
from bot.http.views import Moment, PageOf, page_of
from core.clock import iso
from core.errors import Conflict, NotFound
from core.intake.request import HookRequest
from core.model.event import API_V2
from core.store import queries
from core.store.queries import Page, RejectedEvent
from core.store.schema import rejected_events

LISTING = Listing()


class RejectedView(msgspec.Struct, frozen=True):
    """reason: a word; detail: what is wrong with it; payload: what was sent, as text.

    adapter: what reads it (a hook's source), empty for tocsin's own form.
    """

    id: str
    at: Moment
    source: str
    reason: str
    detail: str
    payload: str
    adapter: str
    headers: dict[str, str]


def _view(rejected: RejectedEvent) -> RejectedView:
    return RejectedView(
        rejected.id,
        iso(rejected.at) or "",
        rejected.source,
        rejected.reason,
        rejected.detail,
        rejected.payload,
        rejected.adapter,
        rejected.headers,
    )


async def _list(call: Call) -> PageOf[RejectedView]:
    asked = call.asked(LISTING)

    def work(connection: Connection) -> Page[RejectedEvent]:
        return queries.rejected_events(
            connection, asked.wanted, limit=asked.limit, cursor=asked.cursor
        )

    return page_of(await call.parts.journal_db.read(work), _view)


async def _replay(call: Call) -> Accepted:
    wanted = call.request.match_info["id"]
    rejected = await call.parts.journal_db.read(lambda c: queries.rejected_event(c, wanted))
    if rejected is None:
        raise NotFound("there is no rejected event with this id")
    request = HookRequest(
        rejected.payload.encode(), rejected.headers, entry=rejected.reason not in WHOLE
    )
    adapter = _adapter_of(call, rejected)
    taken = await accept(call.parts, rejected.source, request, adapter, again=True)
    done = delete(rejected_events).where(rejected_events.c.id == rejected.id)
    await call.parts.journal_db.write(lambda c: c.execute(done))
    return taken


def _adapter_of(call: Call, rejected: RejectedEvent) -> Adapter:
    """The adapter as the settings have it now: a mapping may have been mended meanwhile."""
    if rejected.source == SOURCE:
        return NATIVE
    if rejected.source == API_V2:
        return api_v2(call.parts.settings.resolve_timeout)
    for hook in call.parts.settings.hooks:
        if (f"hook:{hook.name}", hook.source) == (rejected.source, rejected.adapter):
            return adapter_of(hook, call.parts.settings.tz)
    raise Conflict(f"what came from {rejected.source} cannot be tried again from here")


ROUTES = (
    Route(
        method="GET",
        path="/api/v1/events/rejected",
        handler=_list,
        key="rejected.list",
        listing=LISTING,
        answer=PageOf[RejectedView],
    ),
    Route(
        method="POST",
        path="/api/v1/events/rejected/{id}/replay",
        handler=_replay,
        key="rejected.replay",
        role="responder",
        action="event.replay",
        answer=Accepted,
        status=202,
    ),
)
