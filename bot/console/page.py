"""A page: a template filled in the reader's language, with the headers that protect it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bot.console.assets import Assets
from bot.console.language import language_of, other_language
from core.config.settings import Settings
from core.text import catalogue, say

# Scripts and styles come from files of ours only. Text becomes HTML at one place (dom.js), which
# the browser enforces by Trusted Types where it has them.
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types server-html",
    )
)
HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_FOR_SCRIPTS = "console.js."
_SHARED = ("render.severity.", "render.status.", "render.confidence.")


class Pages:
    """Fills templates. Every value is escaped unless it is Markup."""

    def __init__(self, settings: Settings, assets: Assets) -> None:
        self._language = settings.language
        self._tz = settings.tz
        self._templates = Environment(
            loader=FileSystemLoader(Path(__file__).parent / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals["asset"] = assets.address

    def language(self, request: web.Request) -> str:
        """The language that this request is answered in."""
        return language_of(request, self._language)

    def render(
        self, request: web.Request, template: str, status: int = 200, **values: Any
    ) -> web.Response:
        """The page `template` with `values`."""
        language = self.language(request)
        text = self._templates.get_template(template).render(
            values,
            language=language,
            other_language=other_language(request, language),
            t=partial(_say, language),
            local=_local(self._tz),
        )
        return web.Response(
            text=text, status=status, content_type="text/html", charset="utf-8", headers=HEADERS
        )


def words_for_scripts(language: str) -> dict[str, str]:
    """The sentences that scripts say, by their names there: `age_now`, `severity.critical`, …"""
    return {
        key.removeprefix(_FOR_SCRIPTS).removeprefix("render."): texts[language]
        for key, texts in catalogue().items()
        if key.startswith((_FOR_SCRIPTS, *_SHARED))
    }


def _say(language: str, key: str, **values: Any) -> str:
    return say(f"console.{key}", language, **values)


def _local(tz: ZoneInfo) -> Callable[[datetime], str]:
    return lambda moment: moment.astimezone(tz).strftime("%Y-%m-%d %H:%M")
