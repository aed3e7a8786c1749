"""Incidents, and what people do to them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from sqlalchemy import Connection

from bot.http.listing import SEVERITIES, Listing
from bot.http.route import Call, Handler, Route
from bot.http.views import Comment, Line, Moment, PageOf, page_of
from core.clock import iso
from core.config.units import parse_duration
from core.errors import InvalidInput, NotFound, Problem
from core.model.escalating import Escalating
from core.model.event import Severity
from core.model.incident import Incident, IncidentStatus, SimilarItem
from core.model.shape import incident_shape
from core.redact import redact
from core.store import queries
from core.store.queries import Story

LISTING = Listing(
    statuses=("triggered", "acknowledged", "resolved"), severities=SEVERITIES, labels=True
)
_ANALYSIS = Meta(description="What POST /api/v1/analyses answers; null before there is one.")


class TimelineView(msgspec.Struct, frozen=True):
    """One thing that happened to an incident."""

    at: Moment
    kind: str
    by: str
    text: str


class EscalatingView(msgspec.Struct, frozen=True):
    """How far its escalation has come.

    next_step: from 1; one more than there are is the fallback. cycle: from 1. due_at null: someone
    works on it, or nothing comes any more. waits: the step is due, but nobody may be told of its
    alerts just now.
    """

    policy: str
    next_step: int
    cycle: int
    due_at: Moment | None
    waits: bool


class IncidentView(msgspec.Struct, frozen=True):
    """An incident (core.model.shape) with its analysis, what resembles it, and its timeline."""

    id: str
    title: str
    status: IncidentStatus
    severity: Severity
    labels: dict[str, str]
    alert_count: int
    started_at: Moment
    updated_at: Moment
    acknowledged_at: Moment | None
    acknowledged_by: str | None
    resolved_at: Moment | None
    resolved_by: str | None
    resolution: str
    assignee: str | None
    escalation: EscalatingView | None
    analysis: Annotated[dict[str, Any] | None, _ANALYSIS]
    similar: list[SimilarItem]
    timeline: list[TimelineView]


class Step(msgspec.Struct, frozen=True):
    """What a person does to an incident. for: how long an acknowledgement holds (`2h`)."""

    comment: Comment = ""
    for_: str | int | float | None = msgspec.field(default=None, name="for")
    to: Line = ""

    def span(self) -> timedelta | None:
        """`for` as a span of time, None when it was not given."""
        if self.for_ is None:
            return None
        try:
            span = parse_duration(self.for_)
        except ValueError as error:
            raise InvalidInput("a value is wrong", [Problem("for", str(error))]) from error
        if not span:
            raise InvalidInput("a value is wrong", [Problem("for", "must be longer than nothing")])
        return span


NOTHING_SAID = Step()
Act = Callable[[Call, int, Step], Awaitable[Incident]]


def incident_view(incident: Incident, story: Story) -> IncidentView:
    """An incident as outsiders read it."""
    shape = {
        **incident_shape(incident),
        "escalation": _escalating(story.escalating),
        "analysis": story.analysis,
        "similar": story.similar,
        "timeline": [TimelineView(iso(e.at) or "", e.kind, e.by, e.text) for e in story.timeline],
    }
    return msgspec.convert(shape, IncidentView)


def _escalating(found: Escalating | None) -> EscalatingView | None:
    if found is None:
        return None
    return EscalatingView(
        found.policy, found.step + 1, found.cycle + 1, iso(found.due_at), found.waits
    )


async def _list(call: Call) -> PageOf[IncidentView]:
    asked = call.asked(LISTING)

    def work(connection: Connection) -> PageOf[IncidentView]:
        page = queries.incidents(connection, asked.wanted, limit=asked.limit, cursor=asked.cursor)
        told = queries.stories(connection, [i.number for i in page.items])
        return page_of(page, lambda incident: incident_view(incident, told[incident.number]))

    return await call.parts.db.read(work)


async def read_incident(call: Call, number: int) -> IncidentView:
    """An incident with its story. NotFound when there is none."""

    def work(connection: Connection) -> IncidentView:
        incident = queries.incident(connection, number)
        if incident is None:
            raise NotFound(f"there is no incident INC-{number}")
        return incident_view(incident, queries.stories(connection, [number])[number])

    return await call.parts.db.read(work)


async def _one(call: Call) -> IncidentView:
    return await read_incident(call, call.number("INC"))


def _doing(act: Act) -> Handler:
    """A handler that does one step and answers with the incident as it is then."""

    async def handler(call: Call) -> IncidentView:
        number = call.number("INC")
        step = await call.body_or(NOTHING_SAID)
        # What people write may hold a secret as well as a log line may.
        said = msgspec.structs.replace(step, comment=redact(step.comment.strip()))
        await act(call, number, said)
        return await read_incident(call, number)

    return handler


async def _acknowledge(call: Call, number: int, step: Step) -> Incident:
    return await call.parts.loop.acknowledge(number, call.who.name, step.comment, step.span())


async def _unacknowledge(call: Call, number: int, step: Step) -> Incident:
    return await call.parts.loop.unacknowledge(number, call.who.name, step.comment)


async def _resolve(call: Call, number: int, step: Step) -> Incident:
    return await call.parts.loop.resolve(number, call.who.name, step.comment)


async def _reopen(call: Call, number: int, step: Step) -> Incident:
    return await call.parts.loop.reopen(number, call.who.name, step.comment)


async def _assign(call: Call, number: int, step: Step) -> Incident:
    to = step.to.strip()
    people = {person.name for person in call.parts.settings.people}
    if not to or (people and to not in people):
        wanted = f"one of {', '.join(sorted(people))}" if people else "a person's name"
        raise InvalidInput("a value is wrong", [Problem("to", f"must be {wanted}")])
    return await call.parts.loop.assign(number, call.who.name, to, step.comment)


async def _note(call: Call, number: int, step: Step) -> Incident:
    if not step.comment:
        raise InvalidInput("a value is missing", [Problem("comment", "must hold the note's text")])
    return await call.parts.loop.note(number, call.who.name, step.comment)


async def _escalate(call: Call, number: int, step: Step) -> Incident:
    return await call.parts.loop.escalate(number, call.who.name, step.comment)


def _step(verb: str, act: Act) -> Route:
    return Route(
        method="POST",
        path=f"/api/v1/incidents/{{id}}/{verb}",
        handler=_doing(act),
        key=f"incidents.{verb}",
        role="responder",
        action=f"incident.{verb}",
        body=Step,
        body_optional=True,
        answer=IncidentView,
    )


ROUTES = (
    Route(
        method="GET",
        path="/api/v1/incidents",
        handler=_list,
        key="incidents.list",
        listing=LISTING,
        answer=PageOf[IncidentView],
    ),
    Route(
        method="GET",
        path="/api/v1/incidents/{id}",
        handler=_one,
        key="incidents.one",
        answer=IncidentView,
    ),
    _step("acknowledge", _acknowledge),
    _step("unacknowledge", _unacknowledge),
    _step("resolve", _resolve),
    _step("reopen", _reopen),
    _step("assign", _assign),
    _step("note", _note),
    _step("escalate", _escalate),
)
