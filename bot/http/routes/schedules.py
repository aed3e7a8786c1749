"""On-call schedules: who is on call, who comes then, and overrides."""

from __future__ import annotations

from datetime import datetime

import msgspec

from bot.http.listing import moment_of
from bot.http.route import Call, Route
from bot.http.routes.silences import end_of
from bot.http.views import Comment, Line, Moment, PageOf
from core.clock import iso, to_utc
from core.errors import InvalidInput, NotFound, Problem
from core.model.override import Override
from core.oncall.schedule import Duty
from core.redact import redact


class DutyView(msgspec.Struct, frozen=True):
    """Someone's turn. person null: nobody is on call. ends_at null: no end is in sight.

    via: what says so: `layer 2`, `OVR-3`, `config.yaml`, or the calendar's file.
    """

    person: str | None
    starts_at: Moment
    ends_at: Moment | None
    via: str


class ScheduleView(msgspec.Struct, frozen=True):
    """A schedule at a moment: who is on call, and whose turn is next. next null: no change."""

    name: str
    timezone: str
    at: Moment
    on_call: DutyView
    next: DutyView | None


class OverrideView(msgspec.Struct, frozen=True):
    """Someone takes over for a while."""

    id: str
    schedule: str
    person: str
    starts_at: Moment
    ends_at: Moment
    comment: str
    created_by: str
    created_at: Moment


class WholeSchedule(ScheduleView, frozen=True):
    """A schedule with the overrides that people made and that are not over."""

    overrides: list[OverrideView]


class NewOverride(msgspec.Struct, frozen=True):
    """Who takes over: until ends_at, or for so long (`2h`); from now, or from starts_at."""

    person: Line
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    for_: str | int | float | None = msgspec.field(default=None, name="for")
    comment: Comment = ""


def override_view(override: Override) -> OverrideView:
    """An override as outsiders read it."""
    return OverrideView(
        id=override.short_id,
        schedule=override.schedule,
        person=override.person,
        starts_at=iso(override.starts_at) or "",
        ends_at=iso(override.ends_at) or "",
        comment=override.comment,
        created_by=override.created_by,
        created_at=iso(override.created_at) or "",
    )


def _duty(duty: Duty) -> DutyView:
    return DutyView(duty.person or None, iso(duty.starts_at) or "", iso(duty.ends_at), duty.via)


async def _view(call: Call, name: str, at: datetime) -> ScheduleView:
    duties = await call.parts.roster.duties(name, at)
    zone = next(s.timezone for s in call.parts.settings.schedules if s.name == name)
    return ScheduleView(
        name, zone, iso(at) or "", _duty(duties[0]), _duty(duties[1]) if duties[1:] else None
    )


async def _list(call: Call) -> PageOf[ScheduleView]:
    at = _asked(call)
    return PageOf([await _view(call, name, at) for name in call.parts.roster.names], None)


def _asked(call: Call) -> datetime:
    return moment_of(call.request, "at") or call.parts.clock()


async def _one(call: Call) -> WholeSchedule:
    name = call.request.match_info["name"]
    seen = await _view(call, name, _asked(call))
    made = await call.parts.roster.overrides(name, call.parts.clock())
    return WholeSchedule(**msgspec.structs.asdict(seen), overrides=[override_view(o) for o in made])


async def _override(call: Call) -> OverrideView:
    name = call.request.match_info["name"]
    new = await call.body(NewOverride)
    now = call.parts.clock()
    starts_at = _moment(new.starts_at) or now
    override = await call.parts.roster.override(
        name,
        new.person.strip(),
        starts_at,
        end_of(new.ends_at, new.for_, starts_at),
        redact(new.comment.strip()),
        call.who.name,
        now,
    )
    call.on = override.short_id
    return override_view(override)


def _moment(given: datetime | None) -> datetime | None:
    try:
        return to_utc(given) if given is not None else None
    except OverflowError as error:
        problem = Problem("starts_at", "is out of range")
        raise InvalidInput("a value is wrong", [problem]) from error


async def _end(call: Call) -> OverrideView:
    number = call.number("OVR")
    name = call.request.match_info["name"]
    found = {o.number for o in await call.parts.roster.overrides(name, call.parts.clock())}
    if number not in found:
        raise NotFound(f"the schedule {name} has no override OVR-{number} that is not over")
    return override_view(await call.parts.roster.end_override(number, call.parts.clock()))


ROUTES = (
    Route(
        method="GET",
        path="/api/v1/schedules",
        handler=_list,
        key="schedules.list",
        query=("at",),
        answer=PageOf[ScheduleView],
    ),
    Route(
        method="GET",
        path="/api/v1/schedules/{name}",
        handler=_one,
        key="schedules.one",
        query=("at",),
        answer=WholeSchedule,
    ),
    Route(
        method="POST",
        path="/api/v1/schedules/{name}/overrides",
        handler=_override,
        key="schedules.override",
        role="responder",
        action="schedule.override",
        body=NewOverride,
        answer=OverrideView,
        status=201,
    ),
    Route(
        method="DELETE",
        path="/api/v1/schedules/{name}/overrides/{id}",
        handler=_end,
        key="schedules.end_override",
        role="responder",
        action="schedule.end_override",
        answer=OverrideView,
    ),
)
