"""Signing in and out. Works without scripts; the session is bot.http.auth's."""

from __future__ import annotations

from urllib.parse import urlsplit

from aiohttp import web

from bot.audit import Audit
from bot.console.language import choose
from bot.console.page import HEADERS, Pages
from bot.http.auth import Auth
from bot.http.problem import NotSignedIn, TooMany
from core.errors import PermissionDenied
from core.text import say

MAX_TOKEN = 512


class Door:
    """`/login` and `/logout`."""

    def __init__(self, auth: Auth, pages: Pages, audit: Audit) -> None:
        self._auth = auth
        self._pages = pages
        self._audit = audit

    async def show(self, request: web.Request) -> web.StreamResponse:
        """The form; who is signed in already goes on."""
        if (chosen := choose(request)) is not None:
            return chosen
        following = _inside(request.query.get("next", ""))
        try:
            await self._auth.require(request, "viewer")
        except (NotSignedIn, PermissionDenied):
            return self._pages.render(request, "login.html", wrong="", next=following)
        return see_other(following)

    async def sign_in(self, request: web.Request) -> web.StreamResponse:
        """Open a session with the token of the form, and go where the browser wanted to."""
        if not _from_here(request):
            raise PermissionDenied("the sign-in form must be sent by tocsin's own page")
        form = await request.post()
        token, following = form.get("token"), form.get("next")
        following = _inside(following if isinstance(following, str) else "")
        response = see_other(following)
        given = token.strip()[:MAX_TOKEN] if isinstance(token, str) else ""
        try:
            who = await self._auth.sign_in(request, given, response)
        except NotSignedIn:
            return self._again(request, 401, following, "token_unknown")
        except TooMany as error:
            seconds = max(1, round(error.retry_after))
            again = self._again(request, 429, following, "token_too_often", seconds=seconds)
            again.headers["Retry-After"] = str(seconds)
            return again
        if not who.may("viewer"):
            await self._audit.write(who, "session.open", "", "denied")
            return self._again(request, 403, following, "token_no_reader")
        await self._audit.write(who, "session.open", "", "ok")
        return response

    async def sign_out(self, request: web.Request) -> web.StreamResponse:
        """End the session. A session that ended already is as good."""
        response = see_other("/login")
        try:
            who = await self._auth.principal(request)
        except NotSignedIn:
            return response
        await self._auth.sign_out(request, response)
        await self._audit.write(who, "session.close", "", "ok")
        return response

    def _again(
        self, request: web.Request, status: int, following: str, key: str, **values: int
    ) -> web.Response:
        wrong = say(f"console.{key}", self._pages.language(request), **values)
        return self._pages.render(request, "login.html", status, wrong=wrong, next=following)


def see_other(address: str) -> web.Response:
    """303, never kept by a cache."""
    return web.Response(status=303, headers={**HEADERS, "Location": address})


def _inside(address: str) -> str:
    """`address` when it leads to a page of ours, else the room."""
    # Browsers read a backslash as a slash and drop control characters: `/\\evil` leads outside.
    plain = address.isprintable() and "\\" not in address and not address.startswith("//")
    parts = urlsplit(address) if plain and address.startswith("/") else None
    return address if parts is not None and not parts.netloc else "/"


def _from_here(request: web.Request) -> bool:
    """Whether the form was sent by a page of ours, as far as the browser tells.

    A stranger's page could else sign a reader in as someone else without their noticing.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in {"same-origin", "none"}
    # Browsers leave it out on plain HTTP, where the address is not loopback.
    origin = request.headers.get("Origin")
    return origin is None or urlsplit(origin).netloc == request.host
