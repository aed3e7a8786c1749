"""Rules: read, changed, their versions; what they would have raised.

Rules of config.yaml are shown and never changed here: 409 says that they stand in the file.
`ETag` is the version; a change with `If-Match` (412) or with `version` (409) is refused when
someone else was faster.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Annotated, Any

import msgspec
from aiohttp import web
from msgspec import Meta

from bot.http.listing import Listing
from bot.http.problem import TooMany
from bot.http.route import Call, Route, respond
from bot.http.views import Comment, Moment, PageOf
from bot.trial import Raised
from core.clock import iso
from core.config.rules import Rule
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


class DryRunAsked(msgspec.Struct, frozen=True):
    """Rules (or one rule) to try on what was accepted in the last hours."""

    rules: Annotated[list[Body], Meta(max_length=100)] = []
    rule: Body | None = None
    hours: Annotated[float, Meta(gt=0, le=168)] = 24


class WouldRaise(msgspec.Struct, frozen=True):
    """An alert that would have been raised, as it would be at the end of the span."""

    rule: str
    alert: str
    status: str
    severity: str
    labels: dict[str, str]
    annotations: dict[str, str]
    count: int
    first_seen: Moment
    last_seen: Moment
    ends_at: Moment | None


class DryRunView(msgspec.Struct, frozen=True, kw_only=True):
    """What would have been raised. events: how many were tried; complete false: up to `until`
    only; total: of alerts, of which the first 200 are listed."""

    since: Moment
    until: Moment
    complete: bool
    events: int
    matched: int
    total: int
    by_rule: dict[str, int]
    alerts: list[WouldRaise]


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


async def _dry_run(call: Call) -> DryRunView:
    asked = await call.body(DryRunAsked)
    given = [*asked.rules, *([asked.rule] if asked.rule is not None else [])]
    if not given:
        raise InvalidInput("there is nothing to try", [Problem("rules", "give at least one")])
    rules: list[Rule] = []
    problems: list[Problem] = []
    for i, body in enumerate(given):
        try:
            rules.append(call.parts.rules.read(body, f"rules[{i}]"))
        except InvalidInput as error:
            problems += error.problems
    twice = [name for name, n in Counter(r.name for r in rules).items() if n > 1]
    problems += [Problem("rules", f"the name {name!r} stands more than once") for name in twice]
    if problems:
        raise InvalidInput("the rules cannot be used", problems)
    if call.parts.dry_runs.busy:
        raise TooMany("another dry run is under way; try again when it is done", 5)
    found = await call.parts.dry_runs.run(rules, asked.hours, call.parts.clock())
    return DryRunView(
        since=iso(found.since) or "",
        until=iso(found.until) or "",
        complete=found.complete,
        events=found.events,
        matched=found.matched,
        total=found.total,
        by_rule=found.by_rule,
        alerts=[_would(alert) for alert in found.alerts],
    )


def _would(alert: Raised) -> WouldRaise:
    return WouldRaise(
        alert.rule,
        alert.alert,
        alert.status,
        alert.severity,
        alert.labels,
        alert.annotations,
        alert.count,
        iso(alert.first_seen) or "",
        iso(alert.last_seen) or "",
        iso(alert.ends_at),
    )


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
        method="POST",
        path="/api/v1/rules/dry-run",
        handler=_dry_run,
        key="rules.dry_run",
        role="editor",
        body=DryRunAsked,
        answer=DryRunView,
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
