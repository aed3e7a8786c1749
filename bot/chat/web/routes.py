"""The rooms over HTTP: say something, read on, listen.

POST /chat/web/{room}/messages   {"text": "/ack INC-1"} → {"reply": {"id", "text", "format"}}
GET  /chat/web/{room}/messages   ?after=ID the lines that follow; ?before=ID those that came
                                 before; without: the newest. ?limit= up to 200. Oldest first.
GET  /chat/web/{room}/stream     server-sent events; `Last-Event-ID` or ?after=ID to read on
"""

from __future__ import annotations

import asyncio
from typing import Annotated

import msgspec
from aiohttp import web

from bot.chat.web.item import Items, item_of
from bot.chat.web.log import HOUSE, MAX_LINES, Line
from bot.chat.web.stream import Streams
from bot.command.parser import parse
from bot.command.request import CommandRequest
from bot.http.body import check_json_type, decode, read_raw
from bot.http.parts import HttpParts
from core.config.channels import WebRoom
from core.errors import InvalidInput, NotFound, PermissionDenied, Problem
from core.model.audit import Principal
from core.redact import redact
from core.text import say

MAX_TEXT = 4000
_LARGEST = 2**63 - 1


class Said(msgspec.Struct, frozen=True):
    """What a person sends."""

    text: Annotated[str, msgspec.Meta(max_length=MAX_TEXT, pattern=r"\S")]


class Reply(msgspec.Struct, frozen=True):
    """id: the line of the room it became; None when only the sender sees it."""

    id: int | None
    text: str
    format: str = "markdown"


class Answer(msgspec.Struct, frozen=True):
    """What a person gets back."""

    reply: Reply


class RoomRoutes:
    """The handlers. Everyone who may read may run commands; each command checks its own role."""

    def __init__(self, parts: HttpParts) -> None:
        self._rooms = {
            c.name: c.language or parts.settings.language
            for c in parts.settings.channels
            if isinstance(c, WebRoom)
        }
        self._auth = parts.auth
        self._dispatcher = parts.dispatcher
        self._lines = parts.web_log
        self._streams = Streams(parts.web_log)

    def add(self, app: web.Application) -> None:
        """Put the routes into `app`, and let the listeners go when it shuts down."""
        app.router.add_post("/chat/web/{room}/messages", self.post)
        app.router.add_get("/chat/web/{room}/messages", self.get, allow_head=False)
        app.router.add_get("/chat/web/{room}/stream", self.stream, allow_head=False)
        app.on_shutdown.append(self._close)

    async def post(self, request: web.Request) -> web.Response:
        """Say something; a command is run and answered in the room."""
        who = await self._auth.require(request, "viewer")
        room, language = self._room(request)
        check_json_type(request)
        text = redact(decode(await read_raw(request), Said).text.strip())
        talk = parse(text) is None
        if talk and not who.may("responder"):
            raise PermissionDenied(say("console.viewer_silent", language))
        await self._lines.append(room, who.name, text, "text")
        if talk:
            return _json(Answer(Reply(None, say("console.said", language))))
        return _json(Answer(await self._run(room, language, who, text)))

    async def _run(self, room: str, language: str, who: Principal, text: str) -> Reply:
        # The room remembers what it spoke of last, notifications included, across restarts.
        incident = await self._lines.last_incident(room)
        if incident is not None:
            self._dispatcher.told(room, incident)
        asker = msgspec.structs.replace(who, via="web")
        answer = await self._dispatcher.run(
            CommandRequest(text, asker, language, f"web:{room}", room)
        )
        line = await self._lines.append(
            room, HOUSE, answer.text, "markdown", incident=answer.incident
        )
        return Reply(line.seq, line.text)

    async def get(self, request: web.Request) -> web.Response:
        """Lines of the room, oldest first."""
        await self._auth.require(request, "viewer")
        room, _language = self._room(request)
        limit = _number(request, "limit", 1, MAX_LINES)
        after = _number(request, "after", 0, _LARGEST)
        before = _number(request, "before", 0, _LARGEST)
        if after is not None:
            lines = await self._lines.after(room, after, limit or MAX_LINES)
        else:
            lines = await self._lines.before(room, before, limit or MAX_LINES)
        return _json(await asyncio.to_thread(_items, lines))

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Lines as they are said; from now on, unless the listener says where it was."""
        await self._auth.require(request, "viewer")
        room, _language = self._room(request)
        after = _number(request, "after", 0, _LARGEST)
        last = request.headers.get("Last-Event-ID", "")
        if last.isascii() and last.isdigit() and len(last) < 19:
            after = int(last)
        if after is None:
            newest = await self._lines.before(room, None, 1)
            after = newest[0].seq if newest else 0
        return await self._streams.serve(request, room, after)

    def _room(self, request: web.Request) -> tuple[str, str]:
        name = request.match_info["room"]
        if name not in self._rooms:
            raise NotFound(f"there is no room of that name; there are: {', '.join(self._rooms)}")
        return name, self._rooms[name]

    async def _close(self, _app: web.Application) -> None:
        await self._lines.close()


def _items(lines: list[Line]) -> Items:
    return Items([item_of(line) for line in lines])


def _json(value: msgspec.Struct) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(value),
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )


def _number(request: web.Request, name: str, least: int, most: int) -> int | None:
    """A number of the query; None when it is not given. InvalidInput (422) when it is none."""
    given = request.query.get(name)
    if given is None:
        return None
    if given.isascii() and given.isdigit() and len(given) <= 19 and least <= int(given) <= most:
        return int(given)
    raise InvalidInput(
        "a value in the query is wrong",
        [Problem(f"?{name}", f"must be a number from {least} to {most}")],
    )
