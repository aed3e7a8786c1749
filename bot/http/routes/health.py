"""Whether it lives, whether it is ready, and how it does."""

from __future__ import annotations

import hmac
from typing import Literal

import msgspec
from aiohttp import web
from prometheus_client.exposition import choose_encoder

from bot.http.problem import NotSignedIn
from bot.http.route import Call, Route, respond
from core.metrics import REGISTRY


class Health(msgspec.Struct, frozen=True):
    """The process answers."""

    status: Literal["ok"] = "ok"


class PartView(msgspec.Struct, frozen=True):
    """reason: why it is not ok, or what it is doing."""

    name: str
    ok: bool
    reason: str


class Readiness(msgspec.Struct, frozen=True):
    """ready: every part is ok; a missed heartbeat is another's fault, and does not count."""

    status: Literal["ready", "not ready"]
    parts: list[PartView]


async def _healthz(_call: Call) -> Health:
    return Health()


async def _readyz(call: Call) -> web.StreamResponse:
    parts = await call.parts.ready()
    ready = all(part.ok for part in parts if part.needed)
    shown = [PartView(part.name, part.ok, part.reason) for part in parts]
    answer = Readiness("ready" if ready else "not ready", shown)
    return respond(answer, 200 if ready else 503)


async def _metrics(call: Call) -> web.StreamResponse:
    wanted = call.parts.settings.metrics.token.strip()
    if wanted:
        scheme, _, given = call.request.headers.get("Authorization", "").partition(" ")
        same = hmac.compare_digest(
            given.strip().encode("utf-8", "surrogatepass"), wanted.encode("utf-8", "surrogatepass")
        )
        if scheme.lower() != "bearer" or not same:
            raise NotSignedIn("metrics.token is set; send it as Authorization: Bearer …")
    encode, content_type = choose_encoder(call.request.headers.get("Accept", ""))
    return web.Response(body=encode(REGISTRY), headers={"Content-Type": content_type})


ROUTES = (
    Route(
        method="GET",
        path="/healthz",
        handler=_healthz,
        key="health.healthz",
        role=None,
        answer=Health,
    ),
    Route(
        method="GET",
        path="/readyz",
        handler=_readyz,
        key="health.readyz",
        role=None,
        answer=Readiness,
    ),
    Route(
        method="GET",
        path="/metrics",
        handler=_metrics,
        key="health.metrics",
        role=None,
        refuses=(401,),
    ),
)
