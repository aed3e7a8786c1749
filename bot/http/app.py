"""The application: the route table, and one boundary around everything that is served.

The boundary is the only middleware, since every request passes it: it limits clients, makes
problem+json of every error, counts, and sets the headers that every answer has.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import lru_cache
from importlib.metadata import version
from urllib.parse import quote

import structlog
from aiohttp import hdrs, web
from aiohttp.typedefs import Middleware
from prometheus_client import Counter

from bot.http.limit import Buckets
from bot.http.openapi import make_spec
from bot.http.parts import HttpParts
from bot.http.problem import NotSignedIn, TooMany, of_error, of_http, problem
from bot.http.route import make_serve
from bot.http.routes import TABLE
from bot.http.routes.docs import SPEC
from core import metrics
from core.errors import TocsinError

log = structlog.get_logger(__name__)
AddRoutes = Callable[[web.Application, HttpParts], None]
Serve = Callable[[web.Request], Awaitable[web.StreamResponse]]
# Whoever watches the service must see it when it is busiest.
UNLIMITED = frozenset({"/healthz", "/readyz", "/metrics"})
CLIENT_GONE = 499  # nginx's number for it; only the metrics see it


def make_app(parts: HttpParts, rooms: tuple[AddRoutes, ...] = ()) -> web.Application:
    """The application: the API, and the rooms that add routes of their own."""
    app = web.Application(
        client_max_size=parts.settings.limits.max_body,
        middlewares=[_boundary(parts.settings.limits.rate_per_client)],
    )
    for route in TABLE:
        serve = make_serve(route, parts)
        app.router.add_route(route.method, route.path, serve)
        if route.method == "GET" and not route.stream:
            app.router.add_route("HEAD", route.path, serve)
    for add_routes in rooms:
        add_routes(app, parts)
    app[SPEC] = make_spec(TABLE, parts.settings.language, version("tocsin"))

    async def close_feed(_app: web.Application) -> None:
        parts.feed.close()

    app.on_shutdown.append(close_feed)
    return app


def _boundary(rate_per_client: float) -> Middleware:
    buckets = Buckets(rate_per_client, rate_per_client) if rate_per_client else None

    @web.middleware
    async def boundary(request: web.Request, handler: Serve) -> web.StreamResponse:
        try:
            if buckets is not None and request.path not in UNLIMITED:
                wait = buckets.take(request.remote or "")
                if wait:
                    raise TooMany("too many requests; limits.rate_per_client is reached", wait)
            response = await handler(request)
        except TocsinError as error:
            response = _of_error(request, error)
        except web.HTTPException as error:
            response = _of_http(request, error)
        except Exception as error:
            if isinstance(error, ConnectionError) and request.transport is None:
                response = web.Response(status=CLIENT_GONE)  # nobody reads it
            else:
                log.exception("request_crashed", route=_template(request), method=request.method)
                response = problem(500, "something went wrong here; it has been logged")
        if not response.prepared:
            headers = response.headers
            headers.setdefault("X-Content-Type-Options", "nosniff")
            headers.setdefault("Cache-Control", "no-store")
        method = request.method if request.method in hdrs.METH_ALL else "other"
        _counter(_template(request), method, response.status).inc()
        return response

    return boundary


def _of_error(request: web.Request, error: TocsinError) -> web.StreamResponse:
    """A person who opens an address without a session signs in first; a program is told."""
    page = request.method == "GET" and "text/html" in request.headers.get("Accept", "")
    if page and isinstance(error, NotSignedIn) and not request.headers.get("Authorization"):
        here = quote(str(request.rel_url), safe="/")
        return web.Response(status=303, headers={"Location": f"/login?next={here}"})
    response = of_error(error)
    if response.status >= 500:
        log.warning("request_failed", route=_template(request), error=str(error))
    return response


def _of_http(request: web.Request, error: web.HTTPException) -> web.StreamResponse:
    if isinstance(error, web.HTTPMethodNotAllowed) and request.method == hdrs.METH_OPTIONS:
        allowed = ", ".join(sorted({*error.allowed_methods, hdrs.METH_OPTIONS}))
        return web.Response(status=204, headers={"Allow": allowed})
    if error.status < 400:
        raise error
    return of_http(error)


def _template(request: web.Request) -> str:
    """The route as it was registered: a label must not carry a path that callers make up."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "none"


@lru_cache(maxsize=4096)
def _counter(route: str, method: str, status: int) -> Counter:
    return metrics.HTTP_REQUESTS.labels(route, method, str(status))
