"""Reading a request's body: its type, its size, its JSON, its shape; one clear answer for each.

415 when it is not JSON by its own account, 413 over `limits.max_body`, 400 when it is not
well-formed, 422 when a value is not what it must be.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypeVar

import msgspec
from aiohttp import web

from core.errors import InvalidInput, Problem

T = TypeVar("T")
_JSON = re.compile(r"application/(?:[\w.+-]+\+)?json$", re.IGNORECASE)
_PLACE = re.compile(r"(?P<what>.*) - at `(?P<in_key>key in )?`?\$\.?(?P<path>[^`]*)`$", re.DOTALL)
_NUL = "must not contain the NUL character"


def check_json_type(request: web.Request) -> None:
    """415 when the sender says that the body is something else than JSON."""
    given = request.headers.get("Content-Type")
    if given in (None, "application/json"):
        return
    if not _JSON.match(request.content_type):
        raise web.HTTPUnsupportedMediaType(
            text=f"the body must be JSON (Content-Type: application/json), not {str(given)[:100]!r}"
        )


def check_type(request: web.Request, others: Sequence[str]) -> None:
    """Like `check_json_type`, but these media types are taken too (`*`: any)."""
    if "*" not in others and request.content_type.lower() not in others:
        check_json_type(request)


async def read_raw(request: web.Request) -> bytes:
    """The body, unpacked when it came compressed. 413 when it is too large."""
    if (request.content_length or 0) > request.client_max_size:
        raise web.HTTPRequestEntityTooLarge(request.client_max_size)
    try:
        return await request.read()
    except web.RequestPayloadError as error:
        raise web.HTTPBadRequest(
            text="the body cannot be unpacked; see Content-Encoding"
        ) from error


def decode(raw: bytes, kind: type[T]) -> T:
    """A JSON body as `kind`. 400 when it is not JSON, InvalidInput (422) names the wrong value."""
    try:
        value = msgspec.json.decode(raw, type=kind)
    except msgspec.ValidationError as error:
        check_well_formed(raw)
        raise _wrong(str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _malformed(error) from error
    # What is not read may hold anything; what is read goes into the store.
    if b"\\u0000" in raw and b"\\u0000" in msgspec.json.encode(value):
        raise InvalidInput("the body cannot be used", [Problem("body", _NUL)])
    return value


def check_well_formed(raw: bytes) -> None:
    """400 when `raw` is not JSON at all."""
    try:
        msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _malformed(error) from error


def _malformed(error: Exception) -> web.HTTPBadRequest:
    why = "nested too deeply" if isinstance(error, RecursionError) else str(error)
    return web.HTTPBadRequest(text=f"the body is not JSON: {why}")


def _wrong(message: str) -> InvalidInput:
    found = _PLACE.match(message)
    path, what = (found["path"] or "body", found["what"]) if found else ("body", message)
    return InvalidInput("a value in the body is wrong", [Problem(path, what)])
