"""Inbound hooks: the payloads of other systems, each hook with a credential of its own."""

from __future__ import annotations

from aiohttp import web

from bot.http.accept import CONTENT_TYPE, Accepted, accept, keep
from bot.http.adapters import adapter_of
from bot.http.body import check_type, read_raw
from bot.http.hook_auth import authenticate, verify
from bot.http.route import Call, Route
from core.config.settings import Hook
from core.errors import NotFound
from core.intake.request import HookRequest


async def _post(call: Call) -> Accepted:
    request, parts = call.request, call.parts
    hook = _hook(call, request.match_info["source"], request.match_info["name"])
    authenticate(request, hook.auth)
    adapter = adapter_of(hook, parts.settings.tz)
    source, headers = f"hook:{hook.name}", {k.lower(): v for k, v in request.headers.items()}
    try:
        given = HookRequest(await read_raw(request), headers)
    except web.HTTPRequestEntityTooLarge:
        if hook.auth.platform is None:  # whoever signs would have to be heard out first
            lost = HookRequest(b"", headers)
            text = "the body is over limits.max_body"
            await keep(parts, source, "too_large", text, lost, adapter, hook.source)
        raise
    await verify(given, hook, parts.clock(), parts.http)
    if parts.seen.knows(hook, given, parts.clock()):
        return Accepted(0)  # the sender did not get our answer, or is not the sender
    try:
        check_type(request, adapter.types)
    except web.HTTPUnsupportedMediaType as error:
        text = error.text or ""
        await keep(parts, source, CONTENT_TYPE, text, given, adapter, hook.source)
        raise
    if adapter.handshake is not None and await adapter.handshake(given, hook.auth, parts.http):
        return Accepted(0)
    taken = await accept(parts, source, given, adapter, hook.source)
    parts.seen.remember(hook, given, parts.clock())
    return Accepted(taken.accepted, [], taken.rejected)


def _hook(call: Call, source: str, name: str) -> Hook:
    for hook in call.parts.settings.hooks:
        if hook.source == source and hook.name == name:
            return hook
    raise NotFound("there is no such hook in the settings")


ROUTES = (
    Route(
        method="POST",
        path="/hooks/{source}/{name}",
        handler=_post,
        key="hooks.post",
        role=None,
        body=dict,
        refuses=(401, 502),
        answer=Accepted,
        status=202,
    ),
)
