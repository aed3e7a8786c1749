"""The description of the API, for programs and for people."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import orjson
from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bot.http.route import Call, Route
from core.text import say

SPEC = web.AppKey("spec", dict[str, Any])
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"


async def _openapi(call: Call) -> web.StreamResponse:
    body = orjson.dumps(call.request.app[SPEC], option=orjson.OPT_INDENT_2)
    return web.Response(body=body, content_type="application/json")


async def _docs(call: Call) -> web.StreamResponse:
    language = call.parts.settings.language
    text = _template().render(spec=call.request.app[SPEC], language=language, pretty=_pretty, t=say)
    return web.Response(
        text=text, content_type="text/html", headers={"Content-Security-Policy": _POLICY}
    )


@cache
def _template() -> Any:
    folder = FileSystemLoader(Path(__file__).parent.parent / "templates")
    return Environment(
        loader=folder, autoescape=True, undefined=StrictUndefined, trim_blocks=True
    ).get_template("docs.html")


def _pretty(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()


ROUTES = (
    Route(
        method="GET",
        path="/openapi.json",
        handler=_openapi,
        key="docs.openapi",
    ),
    Route(
        method="GET",
        path="/docs",
        handler=_docs,
        key="docs.page",
    ),
)
