"""The routes of the console and of the room."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from bot.chat.web.routes import RoomRoutes
from bot.console.articles import ArticlePages
from bot.console.assets import Assets
from bot.console.door import Door, see_other
from bot.console.language import choose
from bot.console.page import Pages
from bot.console.room import RoomPage
from bot.http.auth import Auth
from bot.http.parts import HttpParts
from core.errors import NotFound, PermissionDenied, StoreError
from core.ids import parse_short_id
from core.model.audit import Principal

Show = Callable[[web.Request, Principal, str], Awaitable[web.Response]]
Serve = Callable[[web.Request], Awaitable[web.StreamResponse]]
_CODES = {NotFound: 404, PermissionDenied: 403, StoreError: 503}


def add_routes(app: web.Application, parts: HttpParts) -> None:
    """Put the pages, their assets, signing in and the rooms into `app`."""
    assets = Assets()
    pages = Pages(parts.settings, assets)
    door = Door(parts.auth, pages, parts.audit)
    room = RoomPage(parts, pages)
    articles = ArticlePages(parts, pages)
    app.router.add_get("/login", door.show)
    app.router.add_post("/login", door.sign_in)
    app.router.add_post("/logout", door.sign_out)
    app.router.add_get("/", _signed_in(room.show, parts.auth, pages))
    app.router.add_get("/incidents/{id}", _incident)
    app.router.add_get("/articles", _signed_in(articles.list, parts.auth, pages))
    app.router.add_get("/articles/{id}", _signed_in(articles.one, parts.auth, pages))
    app.router.add_get("/assets/{digest}/{name}", assets.serve)
    RoomRoutes(parts).add(app)


def _signed_in(show: Show, auth: Auth, pages: Pages) -> Serve:
    """A page for who may read. What goes wrong is told as a page, too.

    NotSignedIn is left to the application, which leads every page of ours to the door.
    """

    async def serve(request: web.Request) -> web.StreamResponse:
        if (chosen := choose(request)) is not None:
            return chosen
        try:
            who = await auth.require(request, "viewer")
            session = await auth.session(request)
            return await show(request, who, session.csrf if session is not None else "")
        except (NotFound, PermissionDenied, StoreError) as error:
            code = next(c for kind, c in _CODES.items() if isinstance(error, kind))
            return pages.render(request, "wrong.html", code, code=code, told=str(error))

    return serve


async def _incident(request: web.Request) -> web.Response:
    """An incident's own address: the room, with it open."""
    number = parse_short_id(request.match_info["id"], "INC")
    return see_other("/" if number is None else f"/?incident=INC-{number}")
