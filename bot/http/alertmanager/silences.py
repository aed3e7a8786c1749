"""Silences: made, changed, listed and ended, under their UUIDs."""

from __future__ import annotations

import re
import uuid
from datetime import datetime, timedelta

import msgspec
from aiohttp import web

from bot.http.alertmanager.door import route
from bot.http.alertmanager.query import read_filters
from bot.http.alertmanager.shape import (
    GettableSilence,
    PostableSilence,
    SilenceMade,
    SilenceMatcher,
    SilenceState,
)
from bot.http.body import check_json_type, check_well_formed, read_raw
from bot.http.route import Call
from core.clock import iso, to_utc
from core.errors import InvalidInput, NotFound
from core.model.matcher import Matcher, Operator, parse_matcher
from core.model.silence import Silence
from core.redact import redact
from core.store import queries

KEPT = timedelta(hours=120)  # how long Alertmanager shows a silence that is over
MAX_SILENCES = 10_000  # shown
MAX_MATCHERS = 50
MAX_TEXT = 4096  # characters of a comment, a name, a matcher's value
_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*", re.ASCII)
_OPERATORS: dict[tuple[bool, bool], Operator] = {
    (False, True): "=",
    (False, False): "!=",
    (True, True): "=~",
    (True, False): "!~",
}


class _Given(msgspec.Struct, frozen=True, rename="camel"):
    """PostableSilence with its times read."""

    matchers: list[SilenceMatcher]
    starts_at: datetime
    ends_at: datetime
    created_by: str
    comment: str
    id: str | None = None


async def _list(call: Call) -> web.Response:
    """Active ones by their end, those to come by their start, those over by the latest end."""
    filters, now = read_filters(call.request), call.parts.clock()
    found = await call.parts.db.read(
        lambda c: queries.silences_ending_after(c, now - KEPT, MAX_SILENCES)
    )
    shown = _in_order([_shown(s, now) for s in found if _fits(s, filters)])
    return web.Response(body=msgspec.json.encode(shown), content_type="application/json")


def _fits(silence: Silence, filters: tuple[Matcher, ...]) -> bool:
    """As in Alertmanager: the silence's matchers are looked at as if they were labels."""
    said = {m.name: m.value for m in silence.matchers}
    return all(wanted.matches(said) for wanted in filters)


def _in_order(shown: list[GettableSilence]) -> list[GettableSilence]:
    by_state: dict[str, list[GettableSilence]] = {"active": [], "pending": [], "expired": []}
    for one in shown:
        by_state[one.status.state].append(one)
    return [
        *sorted(by_state["active"], key=lambda one: one.ends_at),
        *sorted(by_state["pending"], key=lambda one: one.starts_at),
        *sorted(by_state["expired"], key=lambda one: one.ends_at, reverse=True),
    ]


def _shown(silence: Silence, now: datetime) -> GettableSilence:
    state = SilenceState("active" if silence.active(now) else "expired")
    return GettableSilence(
        id=silence.id,
        status=SilenceState("pending") if silence.starts_at > now else state,
        updated_at=iso(silence.updated_at or silence.created_at) or "",
        comment=silence.comment,
        created_by=silence.created_by,
        starts_at=iso(silence.starts_at) or "",
        ends_at=iso(silence.ends_at) or "",
        matchers=[
            SilenceMatcher(m.name, m.value, m.op in {"=~", "!~"}, m.op in {"=", "=~"})
            for m in silence.matchers
        ],
    )


async def _one(call: Call) -> GettableSilence | web.Response:
    try:
        return _shown(await _asked(call), call.parts.clock())
    except NotFound:
        return web.Response(status=404)  # as Alertmanager: with nothing in it


async def _asked(call: Call) -> Silence:
    text = call.request.match_info["id"]
    try:
        return await _found(call, str(uuid.UUID(text)))
    except ValueError:
        raise web.HTTPUnprocessableEntity(
            text=f"silenceID in path must be of type uuid: {text[:100]!a}"
        ) from None


async def _found(call: Call, silence_id: str) -> Silence:
    silence = await call.parts.db.read(lambda c: queries.silence_of_id(c, silence_id))
    if silence is None:
        raise NotFound("silence not found")
    call.on = silence.short_id
    return silence


async def _save(call: Call) -> SilenceMade:
    given = await _read(call)
    starts_at, ends_at = _moment(given.starts_at), _moment(given.ends_at)
    if starts_at >= ends_at:
        raise InvalidInput("Failed to create silence: start time must be before end time")
    now, loop = call.parts.clock(), call.parts.loop
    if ends_at <= now:
        raise InvalidInput("Failed to create silence: end time can't be in the past")
    matchers = tuple(_matcher(m, i) for i, m in enumerate(given.matchers))
    if all(m.matches({}) for m in matchers):
        raise InvalidInput("silence invalid: at least one matcher must not match the empty string")
    by = redact(given.created_by.strip()) or call.who.name
    comment = redact(given.comment.strip())
    if given.id:
        old = (await _found(call, given.id.lower())).number
        silence = await loop.change_silence(old, matchers, starts_at, ends_at, comment, by)
    else:
        silence = await loop.add_silence(matchers, max(starts_at, now), ends_at, comment, by)
    call.on = silence.short_id
    return SilenceMade(silence.id)


async def _read(call: Call) -> _Given:
    """422 when something is missing or of another type, as Alertmanager says it."""
    check_json_type(call.request)
    raw = await read_raw(call.request)
    try:
        given = msgspec.json.decode(raw, type=_Given)
    except (msgspec.ValidationError, RecursionError) as error:
        check_well_formed(raw)
        raise web.HTTPUnprocessableEntity(text=str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise web.HTTPBadRequest(text=f"parsing silence body failed: {error}") from error
    if not 0 < len(given.matchers) <= MAX_MATCHERS:
        raise web.HTTPUnprocessableEntity(
            text=f"matchers in body should have 1 to {MAX_MATCHERS} items"
        )
    texts = [given.comment, given.created_by, *(m.value for m in given.matchers)]
    if max(map(len, texts)) > MAX_TEXT or any("\0" in text for text in texts):
        raise InvalidInput(f"silence invalid: a text has over {MAX_TEXT} characters, or holds NUL")
    return given


def _moment(given: datetime) -> datetime:
    try:
        return to_utc(given)
    except OverflowError as error:
        raise InvalidInput("silence invalid: a time is out of range") from error


def _matcher(given: SilenceMatcher, place: int) -> Matcher:
    wrong = f"silence invalid: invalid label matcher {place}: "
    if not _NAME.fullmatch(given.name):
        raise InvalidInput(f"{wrong}invalid label name {given.name[:100]!a}")
    matcher = Matcher(given.name, _OPERATORS[given.is_regex, given.is_equal], given.value)
    try:
        return parse_matcher(str(matcher))
    except InvalidInput as error:
        raise InvalidInput(f"{wrong}{error}") from error


async def _end(call: Call) -> web.Response:
    """200 also when it is over already."""
    silence = await _asked(call)
    if silence.ends_at > call.parts.clock():
        await call.parts.loop.expire_silence(silence.number, call.who.name)
    return web.Response()


ROUTES = (
    route(
        "GET", "/api/v2/silences", _list, "silences", answer=list[GettableSilence], refuses=(400,)
    ),
    route(
        "POST",
        "/api/v2/silences",
        _save,
        "silence",
        role="responder",
        action="silence.create",
        body=PostableSilence,
        answer=SilenceMade,
        refuses=(404,),
    ),
    route(
        "GET", "/api/v2/silence/{id}", _one, "one_silence", answer=GettableSilence, refuses=(422,)
    ),
    route(
        "DELETE",
        "/api/v2/silence/{id}",
        _end,
        "end_silence",
        role="responder",
        action="silence.end",
        refuses=(422,),
    ),
)
