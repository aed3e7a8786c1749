"""Silences: made, listed, ended early."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta
from sqlalchemy import Connection

from bot.http.listing import Listing
from bot.http.route import Call, Route
from bot.http.views import Comment, Line, Moment, PageOf, page_of
from core.clock import iso, to_utc
from core.config.units import parse_duration
from core.errors import Conflict, InvalidInput, NotFound, Problem
from core.model.matcher import Matcher, Operator, parse_matcher, parse_matchers
from core.model.silence import Silence, SilenceKind
from core.redact import redact
from core.store import queries
from core.store.queries import Page

LISTING = Listing(statuses=("pending", "active", "expired"))

Status = Literal["pending", "active", "expired"]


class MatcherView(msgspec.Struct, frozen=True):
    """A matcher as Alertmanager's API writes it."""

    name: Annotated[str, Meta(min_length=1, max_length=1000)]
    value: Annotated[str, Meta(max_length=1000)]
    isRegex: bool = False  # noqa: N815 - Alertmanager's name
    isEqual: bool = True  # noqa: N815 - Alertmanager's name

    def matcher(self) -> Matcher:
        """Read it. InvalidInput when its pattern is none."""
        op: Operator = "=" if self.isEqual else "!="
        if self.isRegex:
            op = "=~" if self.isEqual else "!~"
        return parse_matcher(str(Matcher(self.name, op, self.value)))


class NewSilence(msgspec.Struct, frozen=True):
    """A silence to be made: until ends_at, or for so long (`2h`); from now, or from starts_at.

    kind `maintenance` may go without matchers: it is of everything.
    """

    matchers: Annotated[
        list[Annotated[str, Meta(max_length=2000)] | MatcherView], Meta(max_length=50)
    ] = []
    kind: SilenceKind = "silence"
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    for_: str | int | float | None = msgspec.field(default=None, name="for")
    comment: Comment = ""
    created_by: Line = ""


class SilenceChange(msgspec.Struct, frozen=True):
    """What is left out stays. `for` is from now."""

    matchers: (
        Annotated[
            list[Annotated[str, Meta(max_length=2000)] | MatcherView],
            Meta(min_length=1, max_length=50),
        ]
        | None
    ) = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    for_: str | int | float | None = msgspec.field(default=None, name="for")
    comment: Comment | None = None


class SilenceView(msgspec.Struct, frozen=True):
    """A silence. matchers: in Alertmanager's syntax."""

    id: str
    status: Status
    kind: SilenceKind
    matchers: list[str]
    starts_at: Moment
    ends_at: Moment
    comment: str
    created_by: str
    created_at: Moment


def silence_view(silence: Silence, now: datetime) -> SilenceView:
    """A silence as outsiders read it at `now`."""
    status: Status = "active" if silence.active(now) else "expired"
    return SilenceView(
        id=silence.short_id,
        status="pending" if silence.starts_at > now else status,
        kind=silence.kind,
        matchers=[str(m) for m in silence.matchers],
        starts_at=iso(silence.starts_at) or "",
        ends_at=iso(silence.ends_at) or "",
        comment=silence.comment,
        created_by=silence.created_by,
        created_at=iso(silence.created_at) or "",
    )


async def _list(call: Call) -> PageOf[SilenceView]:
    asked, now = call.asked(LISTING), call.parts.clock()

    def work(connection: Connection) -> Page[Silence]:
        return queries.silence_page(
            connection, asked.wanted, now=now, limit=asked.limit, cursor=asked.cursor
        )

    return page_of(await call.parts.db.read(work), lambda silence: silence_view(silence, now))


async def _one(call: Call) -> SilenceView:
    return silence_view(await _read(call, call.number("SIL")), call.parts.clock())


async def _read(call: Call, number: int) -> Silence:
    silence = await call.parts.db.read(lambda c: queries.silence(c, number))
    if silence is None:
        raise NotFound(f"there is no silence SIL-{number}")
    return silence


async def _create(call: Call) -> SilenceView:
    new = await call.body(NewSilence)
    if new.kind == "silence" and not new.matchers:
        raise InvalidInput("a value is wrong", [Problem("matchers", "give at least one")])
    now = call.parts.clock()
    starts_at = _moment(new.starts_at, "starts_at") or now
    silence = await call.parts.loop.add_silence(
        _matchers(new.matchers),
        starts_at,
        end_of(new.ends_at, new.for_, starts_at),
        redact(new.comment.strip()),
        new.created_by.strip() or call.who.name,
        new.kind,
    )
    call.on = silence.short_id
    return silence_view(silence, call.parts.clock())


async def _edit(call: Call) -> SilenceView:
    """By Alertmanager's rule: with other matchers a new silence takes its place."""
    number, change, now = call.number("SIL"), await call.body(SilenceChange), call.parts.clock()
    old = await _read(call, number)
    if old.ends_at <= now:
        raise Conflict(f"{old.short_id} has already ended; make a new one")
    given = change.ends_at is not None or change.for_ is not None
    silence = await call.parts.loop.change_silence(
        number,
        old.matchers if change.matchers is None else _matchers(change.matchers),
        _moment(change.starts_at, "starts_at") or old.starts_at,
        end_of(change.ends_at, change.for_, now) if given else old.ends_at,
        old.comment if change.comment is None else redact(change.comment.strip()),
        call.who.name,
    )
    call.on = silence.short_id
    return silence_view(silence, call.parts.clock())


def _matchers(wanted: Sequence[str | MatcherView]) -> tuple[Matcher, ...]:
    read: list[Matcher] = []
    for i, given in enumerate(wanted):
        try:
            read += parse_matchers([given]) if isinstance(given, str) else [given.matcher()]
        except InvalidInput as error:
            wrong = [Problem(f"matchers[{i}]", str(error))]
            raise InvalidInput("a matcher cannot be used", wrong) from error
    return tuple(read)


def _moment(given: datetime | None, path: str) -> datetime | None:
    try:
        return to_utc(given) if given is not None else None
    except OverflowError as error:
        raise InvalidInput("a value is wrong", [Problem(path, "is out of range")]) from error


def end_of(given: datetime | None, for_: str | float | None, starts_at: datetime) -> datetime:
    """When something ends of which either its end or its length is given. InvalidInput."""
    ends_at = _moment(given, "ends_at")
    if (ends_at is None) is (for_ is None):
        raise InvalidInput("a value is wrong", [Problem("ends_at", "give either ends_at or for")])
    if ends_at is not None:
        return ends_at
    try:
        return starts_at + parse_duration(for_)
    except (ValueError, OverflowError) as error:
        raise InvalidInput("a value is wrong", [Problem("for", str(error))]) from error


async def _end_now(call: Call) -> SilenceView:
    number = call.number("SIL")
    silence = await _read(call, number)
    if silence.ends_at <= call.parts.clock():
        raise Conflict(f"{silence.short_id} has already ended")
    ended = await call.parts.loop.expire_silence(number, call.who.name)
    return silence_view(ended, call.parts.clock())


ROUTES = (
    Route(
        method="GET",
        path="/api/v1/silences",
        handler=_list,
        key="silences.list",
        listing=LISTING,
        answer=PageOf[SilenceView],
    ),
    Route(
        method="POST",
        path="/api/v1/silences",
        handler=_create,
        key="silences.create",
        role="responder",
        action="silence.create",
        body=NewSilence,
        answer=SilenceView,
        status=201,
    ),
    Route(
        method="GET",
        path="/api/v1/silences/{id}",
        handler=_one,
        key="silences.one",
        answer=SilenceView,
    ),
    Route(
        method="PUT",
        path="/api/v1/silences/{id}",
        handler=_edit,
        key="silences.edit",
        role="responder",
        action="silence.edit",
        body=SilenceChange,
        answer=SilenceView,
    ),
    Route(
        method="DELETE",
        path="/api/v1/silences/{id}",
        handler=_end_now,
        key="silences.end",
        role="responder",
        action="silence.end",
        answer=SilenceView,
    ),
)
