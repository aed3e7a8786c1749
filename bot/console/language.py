"""Which language a browser reads: what it chose before, else the house's."""

from __future__ import annotations

import msgspec
from aiohttp import web

from core.text import LANGUAGES

COOKIE = "tocsin_language"
PARAMETER = "lang"
_YEAR = 365 * 24 * 3600
_NAMES = {"zh-CN": "中文", "en": "English"}


class OtherLanguage(msgspec.Struct, frozen=True):
    """The link that changes the language of the page at hand."""

    code: str
    name: str
    href: str


def language_of(request: web.Request, default: str) -> str:
    """The browser's language."""
    chosen = request.cookies.get(COOKIE, "")
    return chosen if chosen in LANGUAGES else default


def other_language(request: web.Request, language: str) -> OtherLanguage:
    """The link to this page in the language that `language` is not."""
    code = next(other for other in LANGUAGES if other != language)
    href = request.rel_url.update_query({PARAMETER: code})
    return OtherLanguage(code, _NAMES[code], str(href))


def choose(request: web.Request) -> web.Response | None:
    """The answer to `?lang=…`: remember it, and come back without it. None when it is not there."""
    chosen = request.query.get(PARAMETER)
    if chosen is None:
        return None
    back = request.rel_url.without_query_params(PARAMETER)
    response = web.Response(status=303, headers={"Location": str(back)})
    if chosen in LANGUAGES:
        response.set_cookie(COOKIE, chosen, max_age=_YEAR, path="/", httponly=True, samesite="Lax")
    return response
