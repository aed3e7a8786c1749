"""Events: taken in, and found again with the alert they became."""

from __future__ import annotations

from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import Meta
from sqlalchemy import Connection

from bot.http.accept import Accepted, accept
from bot.http.adapters import NATIVE
from bot.http.body import check_json_type, read_raw
from bot.http.route import Call, Route
from bot.http.routes.alerts import AlertView, alert_view
from bot.http.views import Moment
from core.clock import iso
from core.decide.signal import signals_of
from core.errors import NotFound
from core.intake.request import HookRequest
from core.model.alert import Alert
from core.model.event import Event
from core.store import queries

SOURCE = "api"


class NewEvent(msgspec.Struct, frozen=True):
    """One event as POST /api/v1/events takes it; core.intake.native reads it."""

    labels: dict[str, str]
    annotations: dict[str, str] = {}
    severity: str = ""
    status: Annotated[str, Meta(pattern="^(firing|resolved)$")] = "firing"
    occurred_at: Moment | None = None
    body: str = ""
    dedup_key: str = ""


class NewEvents(msgspec.Struct, frozen=True):
    """Several events."""

    events: list[NewEvent]


class EventView(msgspec.Struct, frozen=True):
    """An event. alert: the alert it belongs to, null while it is not decided or needs more."""

    id: str
    source: str
    occurred_at: Moment
    labels: dict[str, str]
    annotations: dict[str, str]
    severity: str
    status: str
    body: str
    dedup_key: str
    alert: AlertView | None


async def _post(call: Call) -> web.StreamResponse | Accepted:
    check_json_type(call.request)
    request = HookRequest(await read_raw(call.request))
    return await accept(call.parts, SOURCE, request, NATIVE)


async def _one(call: Call) -> EventView:
    event_id = call.request.match_info["id"]
    event = await call.parts.journal.find(event_id)
    if event is None:
        raise NotFound("there is no event with this id")
    alert = await _alert_of(call, event)
    return EventView(
        id=event_id.lower(),
        source=event.source,
        occurred_at=iso(event.occurred_at) or "",
        labels=event.labels,
        annotations=event.annotations,
        severity=event.severity,
        status=event.status,
        body=event.body,
        dedup_key=event.dedup_key,
        alert=alert_view(alert) if alert is not None else None,
    )


async def _alert_of(call: Call, event: Event) -> Alert | None:
    adjusted = call.parts.loop.policy.adjusted
    templates = await call.parts.loop.templates()
    signals = [adjusted(s) for s in signals_of(event, call.parts.evaluate, templates.find)]

    def work(connection: Connection) -> Alert | None:
        found = (
            queries.alert_of_fingerprint(connection, signal.fingerprint, signal.at)
            for signal in signals
        )
        return next((alert for alert in found if alert is not None), None)

    return await call.parts.db.read(work)


ROUTES = (
    Route(
        method="POST",
        path="/api/v1/events",
        handler=_post,
        key="events.post",
        role="ingest",
        body=(NewEvent, NewEvents),
        answer=Accepted,
        status=202,
    ),
    Route(
        method="GET",
        path="/api/v1/events/{id}",
        handler=_one,
        key="events.one",
        answer=EventView,
    ),
)
