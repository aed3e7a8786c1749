"""Rules: read, changed, their versions; what they would have raised.

Rules of config.yaml are shown and never changed here: 409 says that they stand in the file.
`ETag` is the version; a change with `If-Match` (412) or with `version` (409) is refused when
someone else was faster.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

import msgspec
from aiohttp import web
from msgspec import Meta

from bot.http.listing import Listing
from bot.http.route import Call, Route, respond
from bot.http.views import Comment, Moment, PageOf
from core.clock import iso
from core.errors import InvalidInput, NotFound, Problem
from core.redact import redact
from core.store.rule_rows import Origin, RuleRow, RuleVersionRow

LISTING = Listing()
Body = dict[str, Any]
_TAG = re.compile(r'(?:W/)?"(\d{1,9})"')
_BODY_MAX = 64 << 10
Version = Annotated[int, Meta(ge=1, le=10**9)]


class RuleView(msgspec.Struct, frozen=True):
    """A rule as it stands. rule: its settings, as in config.yaml. origin: where it is changed."""

    name: str
    origin: Origin
    version: int
    rule: Body
    changed_by: str
    changed_at: Moment


class RuleVersion(msgspec.Struct, frozen=True):
    """One version of a rule. rule: null where it was deleted."""

    version: int
    origin: Origin
    rule: Body | None
    author: str
    reason: str
    at: Moment


class RuleVersions(msgspec.Struct, frozen=True):
    """The versions, newest first."""

    items: list[RuleVersion]


class RollBack(msgspec.Struct, frozen=True):
    """The version to go back to; that makes a new one."""

    version: Version
    reason: Comment = ""


def _view(row: RuleRow) -> RuleView:
    return RuleView(
        row.name, row.origin, row.version, row.body, row.changed_by, iso(row.changed_at) or ""
    )


def _version_view(row: RuleVersionRow) -> RuleVersion:
    return RuleVersion(row.version, row.origin, row.body, row.author, row.reason, iso(row.at) or "")


def _answer(row: RuleRow, status: int = 200) -> web.StreamResponse:
    response = respond(_view(row), status)
    response.headers["ETag"] = f'"{row.version}"'
    return response


async def _list(call: Call) -> PageOf[RuleView]:
    """By name; the cursor is the last name of the page before."""
    asked = call.asked(LISTING)
    wanted = asked.wanted
    found = [
        row
        for row in await call.parts.rules.all()
        if wanted.q.lower() in row.name.lower()
        and (wanted.since is None or row.changed_at >= wanted.since)
        and (wanted.until is None or row.changed_at < wanted.until)
    ]
    if asked.cursor is not None:
        found = [row for row in found if row.name > asked.cursor]
    page = found[: asked.limit]
    more = len(found) > len(page)
    return PageOf([_view(row) for row in page], page[-1].name if more else None)


async def _one(call: Call) -> web.StreamResponse:
    return _answer(await call.parts.rules.get(_name(call)))


async def _create(call: Call) -> web.StreamResponse:
    body, _version, reason = await _given(call)
    call.on = str(body.get("name", ""))[:200]
    return _answer(await call.parts.rules.create(body, call.who.name, reason), 201)


async def _update(call: Call) -> web.StreamResponse:
    name = _name(call)
    body, version, reason = await _given(call)
    expected = await _expected(call, name, version)
    return _answer(await call.parts.rules.update(name, body, call.who.name, reason, expected))


async def _delete(call: Call) -> web.StreamResponse:
    name = _name(call)
    expected = await _expected(call, name, None)
    await call.parts.rules.delete(name, call.who.name, "", expected)
    return web.Response(status=204)


async def _versions(call: Call) -> RuleVersions:
    rows = await call.parts.rules.versions(_name(call))
    return RuleVersions([_version_view(row) for row in rows])


async def _roll_back(call: Call) -> web.StreamResponse:
    name, back = _name(call), await call.body(RollBack)
    reason = redact(back.reason)
    return _answer(await call.parts.rules.roll_back(name, back.version, call.who.name, reason))


def _name(call: Call) -> str:
    name = call.request.match_info["id"]
    if "\0" in name:
        raise NotFound("there is no rule of this name")
    return name


async def _given(call: Call) -> tuple[Body, int | None, str]:
    """(the rule, the version it was made from, why it is changed)."""
    body = await call.body(Body)
    if len(msgspec.json.encode(body)) > _BODY_MAX:
        raise InvalidInput("the rule cannot be used", [Problem("body", "is larger than 64 KiB")])
    version, reason = body.pop("version", None), body.pop("reason", "")
    if version is not None and (not isinstance(version, int) or isinstance(version, bool)):
        raise InvalidInput("a value is wrong", [Problem("version", "must be a number")])
    if not isinstance(reason, str) or len(reason) > 2000:
        raise InvalidInput("a value is wrong", [Problem("reason", "must be a short text")])
    return body, version, redact(reason)


async def _expected(call: Call, name: str, version: int | None) -> int | None:
    """The version that the change was made from. 412 when If-Match names another one."""
    header = call.request.headers.get("If-Match")
    if header is None or header.strip() == "*":
        return version
    now = (await call.parts.rules.get(name)).version
    if str(now) not in _TAG.findall(header):
        raise web.HTTPPreconditionFailed(text=f"the rule is at version {now} by now")
    return now


ROUTES = (
    Route(
        method="GET",
        path="/api/v1/rules",
        handler=_list,
        key="rules.list",
        listing=LISTING,
        answer=PageOf[RuleView],
    ),
    Route(
        method="POST",
        path="/api/v1/rules",
        handler=_create,
        key="rules.create",
        role="editor",
        action="rule.create",
        body=Body,
        answer=RuleView,
        status=201,
        refuses=(409,),
    ),
    Route(
        method="GET",
        path="/api/v1/rules/{id}",
        handler=_one,
        key="rules.one",
        answer=RuleView,
    ),
    Route(
        method="PUT",
        path="/api/v1/rules/{id}",
        handler=_update,
        key="rules.update",
        role="editor",
        action="rule.update",
        body=Body,
        answer=RuleView,
        refuses=(409, 412),
    ),
    Route(
        method="DELETE",
        path="/api/v1/rules/{id}",
        handler=_delete,
        key="rules.delete",
        role="editor",
        action="rule.delete",
        answer=None,
        status=204,
        refuses=(409, 412),
    ),
    Route(
        method="GET",
        path="/api/v1/rules/{id}/versions",
        handler=_versions,
        key="rules.versions",
        answer=RuleVersions,
    ),
    Route(
        method="POST",
        path="/api/v1/rules/{id}/rollback",
        handler=_roll_back,
        key="rules.rollback",
        role="editor",
        action="rule.rollback",
        body=RollBack,
        answer=RuleView,
        refuses=(409,),
    ),
)
