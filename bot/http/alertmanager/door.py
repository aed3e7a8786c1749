"""Who may call Alertmanager's API, and how it answers when something is wrong.

A token comes as bearer, or as the password of HTTP basic, which is all that amtool can send.
Errors are a bare JSON text, or `{"code", "message"}` where the request as such cannot be read:
those are the two shapes that Alertmanager's clients know.
"""

from __future__ import annotations

import binascii
import ipaddress
import math
from base64 import b64decode
from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec
import structlog
from aiohttp import web

from bot.http.auth import require_role
from bot.http.problem import STORE_RETRY_AFTER, NotSignedIn, TooMany
from bot.http.route import Call, Handler, Route, respond, write_audit
from core.errors import InvalidInput, NotFound, PermissionDenied, StoreError, TocsinError
from core.model.audit import Principal, Role

log = structlog.get_logger(__name__)
_LOCAL = Principal("alertmanager", "responder", "api")  # whoever comes through the open door
_FORWARDED = ("forwarded", "x-forwarded-", "x-real-ip", "via")


class CodedError(msgspec.Struct, frozen=True):
    """What Alertmanager's server says when a request cannot be read."""

    code: int
    message: str


class NotTaken(TocsinError):
    """Some of a body was not taken (400), as Alertmanager says it: one text."""


def route(
    method: Literal["GET", "POST", "DELETE"],
    path: str,
    handler: Handler,
    key: str,
    role: Role = "viewer",
    action: str = "",
    **more: Any,
) -> Route:
    """A route behind this door. more: what `Route` says of bodies, answers and refusals."""
    return Route(
        method=method,
        path=path,
        handler=_guarded(role, handler, action),
        key=f"alertmanager.{key}",
        role=role,
        action=action,
        own_door=True,
        **more,
    )


def _guarded(role: Role, handler: Handler, action: str) -> Handler:

    async def handle(call: Call) -> web.StreamResponse:
        try:
            call.who = await _admit(call, role)
            answer = await handler(call)
        except TocsinError as error:
            if action and isinstance(error, PermissionDenied):
                await write_audit(call, action, "denied", str(error))
            return _of_error(error)
        except web.HTTPException as error:
            return coded(error.status, error.text or error.reason)
        if action:
            await write_audit(call, action, "ok", "")
        return respond(answer)

    return handle


async def _admit(call: Call, role: Role) -> Principal:
    request, auth = call.request, call.parts.auth
    header = request.headers.get("Authorization")
    if header is None and call.parts.settings.auth.alertmanager_api == "open" and is_local(request):
        return _LOCAL
    if header is not None and header[:6].lower() == "basic ":
        who = await auth.of_token(_password(header[6:]))
        if who is None:
            raise NotSignedIn("the password is no token that is known", scheme="Basic")
    else:
        who = await auth.principal(request)
    call.who = who
    require_role(who, role)
    return who


def _password(encoded: str) -> str:
    try:
        return b64decode(encoded.strip(), validate=True).decode().partition(":")[2]
    except (binascii.Error, ValueError):
        return ""


def is_local(request: web.Request) -> bool:
    """Whether a request comes from this machine, for this machine, through nobody else's hands.

    The peer and the Host must be loopback, so that no other name leads here; a browser's Origin
    must be this server itself, so that no page of another site acts through it.
    """
    if any(name.lower().startswith(_FORWARDED) for name in request.headers):
        return False
    peer = request.transport.get_extra_info("peername") if request.transport else None
    if not isinstance(peer, tuple) or not _is_loopback(peer[0]):
        return False
    hosts = request.headers.getall("Host", [])
    if len(hosts) != 1 or not _is_loopback(_name_of(f"//{hosts[0]}")):
        return False
    origin = request.headers.get("Origin")
    return origin is None or origin == f"http://{hosts[0]}"


def _name_of(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


# Errors


def told(status: int, text: str, headers: dict[str, str] | None = None) -> web.Response:
    """An error as one JSON text."""
    body = msgspec.json.encode(text) + b"\n"
    return web.Response(status=status, body=body, content_type="application/json", headers=headers)


def coded(status: int, message: str) -> web.Response:
    """An error of a request that cannot be read."""
    body = msgspec.json.encode(CodedError(status, message))
    return web.Response(status=status, body=body, content_type="application/json")


_STATUS: dict[type[TocsinError], int] = {
    InvalidInput: 400,
    NotTaken: 400,
    NotSignedIn: 401,
    PermissionDenied: 403,
    NotFound: 404,
    TooMany: 429,
    StoreError: 503,
}


def _of_error(error: TocsinError) -> web.Response:
    status = next((s for kind, s in _STATUS.items() if isinstance(error, kind)), 500)
    headers: dict[str, str] = {}
    if isinstance(error, NotSignedIn):
        headers["WWW-Authenticate"] = 'Basic realm="tocsin"'
    elif isinstance(error, StoreError):
        headers["Retry-After"] = str(math.ceil(STORE_RETRY_AFTER))
        log.warning("request_failed", error=str(error))
    return told(status, _text_of(error), headers)


def _text_of(error: TocsinError) -> str:
    wrong = error.problems if isinstance(error, InvalidInput) else []
    return "; ".join(map(str, wrong)) if wrong else str(error)
