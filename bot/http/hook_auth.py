"""Whether a hook's request carries the hook's credential."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime

from aiohttp import web

from bot.http.problem import NotSignedIn
from bot.http.signature import VERIFIERS
from bot.http.signature.same import same
from core.config.settings import Hook, HookAuth
from core.http import HttpClient
from core.intake.request import HookRequest


def authenticate(request: web.Request, auth: HookAuth) -> None:
    """NotSignedIn unless the request carries the credential. An empty one never fits.

    Hooks with `platform` are left to `verify`, which needs the body.
    """
    header = request.headers.get("Authorization", "")
    scheme, _, given = header.partition(" ")
    if auth.bearer is not None:
        fits = scheme.lower() == "bearer" and same(given, auth.bearer)
    elif auth.basic is not None:
        user, password = _basic(given) if scheme.lower() == "basic" else ("", "")
        # Both are compared in any case, so that time does not tell which one was wrong.
        fits = same(user, auth.basic.user) & same(password, auth.basic.password)
    elif auth.query_token is not None:
        fits = same(request.query.get("token", ""), auth.query_token)
    else:
        fits = auth.none is not None or auth.platform is not None
    if not fits:
        raise NotSignedIn(
            "this hook's credential is missing or wrong",
            scheme="Basic" if auth.basic is not None else "Bearer",
        )


async def verify(request: HookRequest, hook: Hook, now: datetime, http: HttpClient) -> None:
    """NotSignedIn unless the platform signed the request, where the hook asks for that."""
    if hook.auth.platform is None:
        return
    fits = VERIFIERS.get(hook.source)
    if fits is None or not await fits(request, hook.auth.platform, now, http):
        raise NotSignedIn(f"the signature of {hook.source} is missing, wrong or too old")


def _basic(encoded: str) -> tuple[str, str]:
    try:
        user, _, password = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return "", ""
    return user, password
