"""The route table's entry, and how a request goes through one.

The table is the one source of truth: the router, the rights, the audit log, /openapi.json and
/docs are all made of it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import msgspec
import structlog
from aiohttp import web

from bot.http.auth import require_role
from bot.http.body import check_json_type, decode, read_raw
from bot.http.listing import Asked, Listing, read_listing
from bot.http.parts import HttpParts
from core.errors import InvalidInput, NotFound, PermissionDenied, StoreError, TocsinError
from core.ids import parse_short_id
from core.model.audit import Principal, Role

log = structlog.get_logger(__name__)
T = TypeVar("T")
Serve = Callable[[web.Request], Awaitable[web.StreamResponse]]
Outcome = Literal["ok", "denied", "failed"]
NOBODY = Principal("", None, "api")
_encode = msgspec.json.Encoder().encode


class Call:
    """One request on its way through a route."""

    __slots__ = ("on", "parts", "request", "who")

    def __init__(self, parts: HttpParts, request: web.Request, who: Principal) -> None:
        self.parts = parts
        self.request = request
        self.who = who
        self.on = request.match_info.get("id", "")  # what the audit log says it was about

    def number(self, kind: Literal["INC", "ALT", "NTF", "UPL", "SIL", "OVR", "KB"]) -> int:
        """The number in the path's short id (`INC-42` or `42`). NotFound when it is none."""
        text = self.request.match_info["id"]
        number = parse_short_id(text, kind)
        if number is None:
            raise NotFound(f"{text[:100]!a} is no id of this kind; write it like {kind}-1")
        self.on = f"{kind}-{number}"
        return number

    async def body(self, kind: type[T]) -> T:
        """The JSON body as `kind`."""
        check_json_type(self.request)
        return decode(await read_raw(self.request), kind)

    async def body_or(self, empty: T) -> T:
        """The JSON body as `empty`'s type, or `empty` when none was sent."""
        if not self.request.body_exists:
            return empty
        raw = await read_raw(self.request)
        if not raw.strip():
            return empty
        check_json_type(self.request)
        return decode(raw, type(empty))

    def asked(self, listing: Listing) -> Asked:
        """The page that is asked for."""
        return read_listing(self.request, listing, self.parts.clock())


Handler = Callable[[Call], Awaitable[Any]]


@dataclass(frozen=True, kw_only=True)
class Route:
    """One call of the API.

    handler: gives a struct, which is sent as JSON with `status`, or a response of its own.
    key: its sentence in core/text/http.py is `http.route.<key>`. role: who may; None leaves it to
    the handler. action: what the audit log calls it, for everything that changes state.
    body, answer: the JSON that comes (a tuple: one of these) and goes, for /openapi.json.
    listing: its filters. refuses: statuses that its kind of call does not have by itself.
    stream: it does not end by itself. query: what else it takes after `?`.
    own_door: the handler finds out who asks and checks the role.
    """

    method: Literal["GET", "POST", "PUT", "DELETE"]
    path: str
    handler: Handler
    key: str
    role: Role | None = "viewer"
    action: str = ""
    body: Any = None
    body_optional: bool = False
    answer: Any = None
    status: int = 200
    listing: Listing | None = None
    query: tuple[str, ...] = ()
    refuses: tuple[int, ...] = ()
    stream: bool = False
    own_door: bool = False

    @property
    def group(self) -> str:
        """The heading it stands under: the first word of its key."""
        return self.key.split(".", 1)[0]


def make_serve(route: Route, parts: HttpParts) -> Serve:
    """What aiohttp runs for a route."""
    handler, role, status = route.handler, route.role, route.status
    principal = parts.auth.principal

    async def serve(request: web.Request) -> web.StreamResponse:
        if role is None or route.own_door:
            return respond(await handler(Call(parts, request, NOBODY)), status)
        who = await principal(request)
        require_role(who, role)
        return respond(await handler(Call(parts, request, who)), status)

    async def serve_audited(request: web.Request) -> web.StreamResponse:
        who = await principal(request)
        call = Call(parts, request, who)
        try:
            require_role(who, role or "admin")
            answer = await handler(call)
        except InvalidInput:
            raise  # nothing was attempted
        except TocsinError as error:
            outcome: Outcome = "denied" if isinstance(error, PermissionDenied) else "failed"
            await write_audit(call, route.action, outcome, str(error))
            raise
        await write_audit(call, route.action, "ok", "")
        return respond(answer, status)

    return serve_audited if route.action and not route.own_door else serve


async def write_audit(call: Call, action: str, outcome: Outcome, detail: str) -> None:
    """Note who did what to `call.on`."""
    try:
        await call.parts.audit.write(call.who, action, call.on, outcome, detail)
    except StoreError as error:
        # What was done is done: saying that it failed would only make the caller repeat it.
        log.error("audit_write_failed", action=action, by=call.who.name, error=str(error))


def respond(answer: Any, status: int = 200) -> web.StreamResponse:
    """A struct as a JSON answer; a response as it is."""
    if isinstance(answer, web.StreamResponse):
        return answer
    return web.Response(body=_encode(answer), status=status, content_type="application/json")
