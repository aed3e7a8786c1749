"""The room: incidents, conversation, input. Its content comes by the API; this is the frame."""

from __future__ import annotations

import msgspec
from aiohttp import web

from bot.command.registry import COMMANDS
from bot.console.page import Pages, words_for_scripts
from bot.http.parts import HttpParts
from core.config.channels import WebRoom
from core.errors import NotFound
from core.model.audit import Principal
from core.text import say


class Suggestion(msgspec.Struct, frozen=True):
    """A command that the input completes. about: what it does, in one line."""

    name: str
    usage: str
    about: str


class PageFacts(msgspec.Struct, frozen=True):
    """What scripts know of the page; see assets/words.js."""

    room: str
    role: str
    me: str
    language: str
    timezone: str
    commands: list[Suggestion]
    words: dict[str, str]


class RoomPage:
    """`/`, with `?room=NAME` where there are several, and `?incident=INC-1` to open one."""

    def __init__(self, parts: HttpParts, pages: Pages) -> None:
        self._settings = parts.settings
        self._rooms = [c.name for c in parts.settings.channels if isinstance(c, WebRoom)]
        self._pages = pages

    async def show(self, request: web.Request, who: Principal, csrf: str) -> web.Response:
        """The page of one room."""
        language = self._pages.language(request)
        if not self._rooms:
            raise NotFound(say("console.no_room", language))
        room = request.query.get("room", self._rooms[0])
        if room not in self._rooms:
            raise NotFound(say("console.unknown_room", language, rooms=", ".join(self._rooms)))
        facts = PageFacts(
            room=room,
            role=who.role or "",
            me=who.name,
            language=language,
            timezone=self._settings.timezone,
            commands=_suggestions(who, language),
            words=words_for_scripts(language),
        )
        examples = ["/help", "/incidents", say("console.example_search", language)]
        return self._pages.render(
            request,
            "room.html",
            here="room",
            who=who,
            csrf=csrf,
            page=msgspec.to_builtins(facts),
            rooms=self._rooms,
            examples=examples,
        )


def _suggestions(who: Principal, language: str) -> list[Suggestion]:
    """The commands that the reader may use."""
    return [
        Suggestion(f"/{c.name}", say(c.usage, language), say(c.about, language))
        for c in COMMANDS
        if who.may(c.role)
    ]
