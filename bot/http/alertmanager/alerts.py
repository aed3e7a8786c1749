"""Alerts: taken in from Prometheus and amtool, listed, and listed by group."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from functools import cache, partial

import msgspec
from aiohttp import web

from bot.http.accept import accept
from bot.http.adapters import Adapter
from bot.http.alertmanager.door import NotTaken, route
from bot.http.alertmanager.query import read_query
from bot.http.alertmanager.reading import Reading, ordered, read, sliced
from bot.http.alertmanager.shape import AlertGroup, GettableAlert, Named, PostableAlert
from bot.http.body import check_json_type, read_raw
from bot.http.route import Call
from core.errors import InvalidInput
from core.intake import alertmanager_api
from core.intake.request import HookRequest, of_body
from core.model.event import API_V2

SENT_AT_ONCE = 256 * 1024  # bytes
_encode = msgspec.json.Encoder().encode


@cache
def adapter(resolve_timeout: timedelta) -> Adapter:
    """How the body of a POST is read."""
    parse = partial(alertmanager_api.parse, timeout=resolve_timeout)
    return Adapter(of_body(parse, lambda entry: b"[" + entry + b"]"))


async def _post(call: Call) -> web.Response:
    """200 and nothing else when all is durable; the good alerts are, also when others are bad."""
    check_json_type(call.request)
    request = HookRequest(await read_raw(call.request))
    timeout = call.parts.settings.resolve_timeout
    try:
        taken = await accept(call.parts, API_V2, request, adapter(timeout))
    except InvalidInput as error:
        if error.problems:
            raise
        raise web.HTTPBadRequest(text=f"parsing alerts body failed: {error}") from error
    if taken.rejected:
        raise NotTaken("; ".join(entry.detail for entry in taken.rejected))
    return web.Response()


async def _list(call: Call) -> web.StreamResponse:
    reading = await read(call, read_query(call.request))
    return await _send(call, _list_of(reading, reading.by_fingerprint()))


async def _groups(call: Call) -> web.StreamResponse:
    """Each receiver's groups by their labels. A group that holds no such alert is left out."""
    reading = await read(call, read_query(call.request))
    groups: dict[_Key, list[int]] = {}
    async for place in sliced(reading.by_fingerprint()):
        for key in _keys(reading, place):
            groups.setdefault(key, []).append(place)
    keys = await ordered(list(groups), lambda key: (len(key.labels), key.labels, key.receiver))
    return await _send(call, _list_of_groups(reading, keys, groups))


class _Key(msgspec.Struct, frozen=True):
    """route: its path; two routes of one receiver have groups of their own."""

    route: str
    receiver: str
    labels: tuple[tuple[str, str], ...]


def _keys(reading: Reading, place: int) -> Iterator[_Key]:
    one = reading.standing[place]
    wanted = reading.query.receivers_fit
    for taking in one.routes:
        if wanted([taking.receiver]):
            labels = tuple(sorted(taking.group_labels(one.labels).items()))
            yield _Key(taking.path, taking.receiver, labels)


def _list_of(reading: Reading, places: Iterable[int]) -> Iterator[bytes]:
    """The JSON of a list of alerts, in pieces."""
    before = b"["
    for place in places:
        yield before
        yield _encode(reading.shown(place))
        before = b","
    yield b"]" if before == b"," else b"[]"


def _list_of_groups(
    reading: Reading, keys: Iterable[_Key], groups: dict[_Key, list[int]]
) -> Iterator[bytes]:
    before = b"["
    for key in keys:
        yield before + b'{"labels":' + _encode(dict(key.labels))
        yield b',"receiver":' + _encode(Named(key.receiver)) + b',"alerts":'
        yield from _list_of(reading, groups[key])
        yield b"}"
        before = b","
    yield b"]" if before == b"," else b"[]"


async def _send(call: Call, pieces: Iterable[bytes]) -> web.StreamResponse:
    """JSON in pieces; what is long goes out while the rest is made."""
    kind = "application/json"
    if call.request.method == "HEAD":
        return web.Response(content_type=kind)
    response: web.StreamResponse | None = None
    waiting = bytearray()
    async for piece in sliced(pieces):
        waiting += piece
        if len(waiting) > SENT_AT_ONCE:
            if response is None:
                response = web.StreamResponse(headers=_HEADERS)
                response.content_type = kind
                await response.prepare(call.request)
            await response.write(bytes(waiting))
            waiting.clear()
    if response is None:
        return web.Response(body=bytes(waiting), content_type=kind)
    await response.write_eof(bytes(waiting))
    return response


# Once a response began, the application's boundary cannot set its headers any more.
_HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}

ROUTES = (
    route("GET", "/api/v2/alerts", _list, "alerts", answer=list[GettableAlert], refuses=(400,)),
    route("POST", "/api/v2/alerts", _post, "post", role="ingest", body=list[PostableAlert]),
    route(
        "GET", "/api/v2/alerts/groups", _groups, "groups", answer=list[AlertGroup], refuses=(400,)
    ),
)
