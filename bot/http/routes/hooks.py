"""Inbound hooks: the payloads of other systems, each hook with a credential of its own."""

from __future__ import annotations

import base64
import binascii
import hmac

from aiohttp import web

from bot.http.accept import Accepted, accept, keep
from bot.http.adapters import ADAPTERS
from bot.http.body import check_json_type, read_raw
from bot.http.problem import NotSignedIn
from bot.http.route import Call, Route
from core.config.settings import Hook, HookAuth
from core.errors import NotFound


async def _post(call: Call) -> Accepted:
    request = call.request
    hook = _hook(call, request.match_info["source"], request.match_info["name"])
    authenticate(request, hook.auth)
    adapter = ADAPTERS.get(hook.source)
    if adapter is None:
        raise NotFound(f"this version has no adapter for {hook.source}")
    source = f"hook:{hook.name}"
    try:
        check_json_type(request)
        raw = await read_raw(request)
    except web.HTTPUnsupportedMediaType as error:
        await keep(call.parts, source, "content_type", error.text or "", await read_raw(request))
        raise
    except web.HTTPRequestEntityTooLarge:
        await keep(call.parts, source, "too_large", "the body is over limits.max_body", b"")
        raise
    taken = await accept(call.parts, source, raw, adapter.parse)
    return Accepted(taken.accepted, [], taken.rejected)


def _hook(call: Call, source: str, name: str) -> Hook:
    for hook in call.parts.settings.hooks:
        if hook.source == source and hook.name == name:
            return hook
    raise NotFound("there is no such hook in the settings")


def authenticate(request: web.Request, auth: HookAuth) -> None:
    """NotSignedIn unless the request carries the hook's credential. An empty one never fits."""
    header = request.headers.get("Authorization", "")
    scheme, _, given = header.partition(" ")
    if auth.bearer is not None:
        fits = scheme.lower() == "bearer" and _same(given, auth.bearer)
    elif auth.basic is not None:
        user, password = _basic(given) if scheme.lower() == "basic" else ("", "")
        # Both are compared in any case, so that time does not tell which one was wrong.
        fits = _same(user, auth.basic.user) & _same(password, auth.basic.password)
    elif auth.query_token is not None:
        fits = _same(request.query.get("token", ""), auth.query_token)
    else:
        fits = auth.none is not None  # signatures of platforms come with their adapters
    if not fits:
        raise NotSignedIn(
            "this hook's credential is missing or wrong",
            scheme="Basic" if auth.basic is not None else "Bearer",
        )


def _basic(encoded: str) -> tuple[str, str]:
    try:
        user, _, password = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return "", ""
    return user, password


def _same(given: str, wanted: str) -> bool:
    given, wanted = given.strip(), wanted.strip()
    same = hmac.compare_digest(
        given.encode("utf-8", "surrogatepass"), wanted.encode("utf-8", "surrogatepass")
    )
    return same and bool(wanted)


ROUTES = (
    Route(
        method="POST",
        path="/hooks/{source}/{name}",
        handler=_post,
        key="hooks.post",
        role=None,
        body=dict,
        refuses=(401,),
        answer=Accepted,
        status=202,
    ),
)
